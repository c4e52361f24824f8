/** The OpenAPI document: valid, and what it says can be asked never breaks the server. */
import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runCount, runSeed } from '../../robustness/runs.ts';
import { World } from '../security/world.ts';
import { fromSchema, texts } from './from-schema.ts';
import type { Schema } from './from-schema.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}
interface Operation {
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema?: Schema }>> };
}
type Document = Record<string, unknown> & { paths: Record<string, Record<string, Operation>> };

interface Asked {
  readonly path: string;
  readonly method: string;
  /** By name; left out where undefined. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly contentType: string | undefined;
  readonly body: string | undefined;
  readonly operation: Operation;
}

test('the document is valid OpenAPI 3.1', async () => {
  const world = await World.open();
  const document = (await (await world.fetch('/openapi.json')).json()) as Document;
  const verdict = await new Validator().validate(document);
  expect(verdict).toMatchObject({ valid: true });
});

/** One request of an operation, made of what the document says of it. */
function requestsOf(
  document: Document,
  path: string,
  method: string,
  operation: Operation,
): fc.Arbitrary<Asked> {
  const parameters = operation.parameters.map(({ name, in: place, schema }) => {
    const value = fc.oneof({ weight: 3, arbitrary: fromSchema(schema, document) }, texts);
    return [name, place === 'path' ? value : fc.option(value, { nil: undefined })] as const;
  });
  const contents = Object.entries(operation.requestBody?.content ?? {});
  const bodies = contents.map(([type, { schema }]) => {
    const text = fromSchema(schema ?? {}, document).map((value) => JSON.stringify(value));
    const contentType = fc.oneof({ weight: 9, arbitrary: fc.constant(type) }, texts);
    return fc.record({ contentType, body: fc.oneof({ weight: 9, arbitrary: text }, fc.string()) });
  });
  const none = fc.constant({ contentType: undefined, body: undefined });
  return fc
    .tuple(
      fc.record(Object.fromEntries(parameters)),
      bodies.length === 0 ? none : fc.oneof(...bodies),
    )
    .map(([given, sent]) => ({ path, method, given, operation, ...sent }));
}

function textOf(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
}

async function answerTo(world: World, token: string, asked: Asked): Promise<Response> {
  const { path, method, given, operation, contentType, body } = asked;
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    return encodeURIComponent(textOf(given[name])) || 'x';
  });
  const query = new URLSearchParams();
  const headers = new Headers();
  for (const { name, in: place } of operation.parameters) {
    const value = given[name];
    if (value === undefined) continue;
    if (place === 'query') query.set(name, textOf(value));
    if (place === 'header' && /^[\x20-\x7e]*$/.test(textOf(value)))
      headers.set(name, textOf(value));
  }
  if (contentType !== undefined && /^[\x20-\x7e]*$/.test(contentType)) {
    headers.set('content-type', contentType);
  }
  return world.fetch(`${filled}?${query.toString()}`, token, {
    method: method.toUpperCase(),
    headers,
    signal: AbortSignal.timeout(20_000),
    ...(body === undefined ? {} : { body }),
  });
}

test('nothing that the document lets one ask is answered with a 5xx', async () => {
  const world = await World.open();
  const token = await world.token(['*=read,write,watch,admin']);
  const document = (await (await world.fetch('/openapi.json')).json()) as Document;
  const requests = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      requestsOf(document, path, method, operation),
    ),
  );
  const fine = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(...requests), async (asked) => {
      const response = await answerTo(world, token, asked);
      const type = response.headers.get('content-type') ?? '';
      if (type === 'text/event-stream') await response.body?.cancel();
      else await response.arrayBuffer();
      expect([asked.path, response.status < 500]).toEqual([asked.path, true]);
      if (response.status >= 400) expect(type).toBe('application/problem+json');
      const name = `${asked.method} ${asked.path}`;
      if (response.status < 300) fine.set(name, (fine.get(name) ?? 0) + 1);
    }),
    { numRuns: runCount(1000), seed: runSeed },
  );
  // A search that is refused at the door everywhere searches nothing: most operations were done.
  expect(fine.size).toBeGreaterThan(requests.length / 2);
});
