/** Values that a JSON Schema describes, and now and then one that it does not. */
import fc from 'fast-check';

export interface Schema {
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Names and texts that mean something to the server, and any others. */
export const texts = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('mine', 'users', 'ada', 'k', 'session/1') },
  { weight: 1, arbitrary: fc.constantFrom('$list/users', '$sys', '0@', '"1"', '*', '../x', '/n') },
  { weight: 1, arbitrary: fc.string({ maxLength: 20, unit: 'grapheme' }) },
);

const depthMax = 5;

/** `root` is the document that references point into. */
export function fromSchema(schema: Schema, root: unknown, depth = 0): fc.Arbitrary<unknown> {
  const right = described(schema, root, depth);
  return fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: fc.jsonValue() });
}

function described(schema: Schema, root: unknown, depth: number): fc.Arbitrary<unknown> {
  const inner = (one: Schema): fc.Arbitrary<unknown> => fromSchema(one, root, depth + 1);
  if (depth > depthMax) return fc.constant(null);
  if (schema.$ref !== undefined) return described(resolved(schema.$ref, root), root, depth + 1);
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices !== undefined) return fc.oneof(...choices.map(inner));
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  switch (type) {
    case 'object':
      return objects(schema, inner);
    case 'array':
      return fc.array(inner(schema.items ?? {}), { maxLength: 3 });
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? -10, max: Math.min(schema.maximum ?? 1e6, 1e6) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return texts;
    default:
      return fc.jsonValue();
  }
}

function objects(
  { properties = {}, required = [], additionalProperties: more }: Schema,
  inner: (schema: Schema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const known = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, inner(schema)]),
  );
  const requiredKeys = Object.keys(known).filter((name) => required.includes(name));
  const named = fc.record(known, { requiredKeys });
  if (more === undefined || typeof more === 'boolean') return named;
  const others = fc.dictionary(texts, inner(more), { maxKeys: 3 });
  return fc.tuple(named, others).map(([a, b]) => ({ ...b, ...(a as object) }));
}

function resolved(reference: string, root: unknown): Schema {
  let found: unknown = root;
  for (const step of reference.replace(/^#\//, '').split('/')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    found = (found as Record<string, unknown>)[name];
  }
  return found as Schema;
}
