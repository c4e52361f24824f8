/**
 * Shapes: how a type is written into a header and read back, said once for both directions.
 *
 * H1. Reading trusts nothing: a wrong type is `protocol`, unknown fields are passed over, and only
 *     fields that the sender wrote count.
 * H2. The codec judges form (is it a number?); the ledger judges content (is it a version?). So
 *     what is refused, is refused with the same error near and far.
 * H3. JSON would turn NaN into null and drop undefined; writing refuses what would not arrive.
 */
import { HoldfastError } from '../../errors/index.ts';
import { isRecord, malformed, own } from './frame.ts';
import type { FrameReader, FrameWriter } from './frame.ts';

export interface Shape<T> {
  /** Of a field that may be undefined: whether it is then left out, or there and undefined. */
  readonly absent?: 'omitted' | 'undefined';
  write(value: T, frame: FrameWriter, name: string): unknown;
  read(json: unknown, frame: FrameReader, name: string): T;
}

/** What a shape describes. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

function basic<T>(expected: string, accepts: (value: unknown) => boolean): Shape<T> {
  return {
    write(value, frame, name) {
      if (accepts(value)) return value;
      throw new HoldfastError(frame.blame, `'${name}' must be ${expected}`);
    },
    read(json, _frame, name) {
      if (accepts(json)) return json as T;
      throw malformed(`'${name}' must be ${expected}`);
    },
  };
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

export const text = basic<string>('text', isText);
export const flag = basic<boolean>('true or false', (value) => typeof value === 'boolean');
/** Finite; whether it must be whole or positive is the ledger's to say. */
export const number = basic<number>('a number', Number.isFinite);
export const count = basic<number>('a whole number', isCount);
/** Plain JSON of any shape, for somebody else to judge. */
export const json: Shape<unknown> = {
  write: (value, frame, name) => {
    if (value === undefined) throw new HoldfastError(frame.blame, `'${name}' must be plain JSON`);
    return value;
  },
  read: (value) => value,
};
/** A number, a word or null, such as a time to live. */
export const scalar = basic<unknown>('a number, text or null', (value) => {
  return value === null || isText(value) || Number.isFinite(value);
});

/** Of a scope, key, app or client: the wrong type is the same mistake as a wrong name. */
export const name: Shape<string> = {
  write(value, frame, field) {
    if (isText(value)) return value;
    const code = frame.blame === 'invalid_argument' ? 'invalid_name' : frame.blame;
    const found = value === null ? 'null' : typeof value;
    throw new HoldfastError(code, `the ${field} must be text, not ${found}`, {
      details: { kind: field, reason: 'not_text', found },
    });
  },
  read: text.read,
};

export function word<T extends string>(...words: readonly T[]): Shape<T> {
  const known = new Set<unknown>(words);
  return basic<T>(`one of ${words.join(', ')}`, (value) => known.has(value));
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return {
    write(value, frame, name) {
      if (!Array.isArray(value)) throw new HoldfastError(frame.blame, `'${name}' must be a list`);
      return value.map((item: T) => shape.write(item, frame, name));
    },
    read(json, frame, name) {
      if (!Array.isArray(json)) throw malformed(`'${name}' must be a list`);
      return json.map((item) => shape.read(item, frame, name));
    },
  };
}

/** A field that may be left out, and then stays out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return { ...(shape as Shape<T | undefined>), absent: 'omitted' };
}

/** A field that is always there, but may be undefined. */
export function possible<T>(shape: Shape<T>): Shape<T | undefined> {
  return { ...(shape as Shape<T | undefined>), absent: 'undefined' };
}

/** In lists, where nothing can be left out: null stands for undefined. */
export function orNull<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    write: (value, frame, name) => (value === undefined ? null : shape.write(value, frame, name)),
    read: (json, frame, name) => (json === null ? undefined : shape.read(json, frame, name)),
  };
}

export type Fields<T> = { readonly [K in keyof T]-?: Shape<T[K]> };

export function record<T extends object>(fields: Fields<T>): Shape<T> {
  const entries = Object.entries<Shape<unknown>>(fields);
  return {
    write(value, frame, name) {
      if (!isRecord(value)) {
        throw new HoldfastError(frame.blame, `'${name}' must be an object`);
      }
      const json: Record<string, unknown> = {};
      for (const [field, shape] of entries) {
        const part = value[field];
        if (part === undefined && shape.absent !== undefined) continue;
        json[field] = shape.write(part, frame, field);
      }
      return json;
    },
    read(json, frame, name) {
      if (!isRecord(json)) throw malformed(`'${name}' must be an object`);
      const value: Record<string, unknown> = {};
      for (const [field, shape] of entries) {
        const part = own(json, field);
        if (part !== undefined) value[field] = shape.read(part, frame, field);
        else if (shape.absent === 'undefined') value[field] = undefined;
        else if (shape.absent === undefined) throw malformed(`'${name}' lacks '${field}'`);
      }
      return value as T;
    },
  };
}

type Kinds<T extends { readonly kind: string }> = {
  readonly [K in T['kind']]: Shape<Omit<Extract<T, { readonly kind: K }>, 'kind'>>;
};

/** A union told apart by `kind`. */
export function variants<T extends { readonly kind: string }>(kinds: Kinds<T>): Shape<T> {
  const known = new Map(Object.entries<Shape<object>>(kinds));
  return {
    write(value, frame, name) {
      const kind = (value as T | null | undefined)?.kind;
      const shape = known.get(kind as string);
      if (shape === undefined) {
        throw new HoldfastError(frame.blame, `unknown kind '${String(kind)}' of '${name}'`);
      }
      return { kind, ...(shape.write(value, frame, name) as object) };
    },
    read(json, frame, name) {
      const kind = isRecord(json) ? own(json, 'kind') : undefined;
      const shape = known.get(kind as string);
      if (shape === undefined) throw malformed(`'${name}' is of no known kind`);
      return { kind, ...shape.read(json, frame, name) } as unknown as T;
    },
  };
}
