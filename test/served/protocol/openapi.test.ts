/** The OpenAPI document: valid, and what it says can be asked never breaks the server. */
import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runCount, runSeed } from '../../robustness/runs.ts';
import { World } from '../security/world.ts';

interface Operation {
  readonly parameters: readonly { name: string; in: string }[];
  readonly requestBody?: unknown;
}
type Document = Record<string, unknown> & { paths: Record<string, Record<string, Operation>> };

test('the document is valid OpenAPI 3.1', async () => {
  const world = await World.open();
  const document = (await (await world.fetch('/openapi.json')).json()) as Document;
  const verdict = await new Validator().validate(document);
  expect(verdict).toMatchObject({ valid: true });
});

test('nothing that the document lets one ask is answered with a 5xx', async () => {
  const world = await World.open();
  const token = await world.token(['*=read,write,watch,admin']);
  const document = (await (await world.fetch('/openapi.json')).json()) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const texts = fc.oneof(
    fc.constantFrom('mine', 'users', 'ada', '$list/users', '1', 'true', '0@', '"1"', '*', '../x'),
    fc.string({ maxLength: 20, unit: 'grapheme' }),
    fc.integer().map(String),
  );
  const bodies = fc.oneof(
    fc.json(),
    fc.constant('{"mutations":[{"kind":"set","scope":"users","key":"k","value":1}]}'),
    fc.constant('{"operations":[{"op":"increment","path":["n"]}]}'),
    fc.constant('{"refs":[{"scope":"users","key":"ada"}]}'),
    fc.string(),
  );
  const asked = fc.record({
    operation: fc.constantFrom(...operations),
    names: fc.array(texts, { minLength: 4, maxLength: 4 }),
    options: fc.array(fc.tuple(fc.nat(20), texts), { maxLength: 4 }),
    body: bodies,
  });
  await fc.assert(
    fc.asyncProperty(
      asked,
      async ({ operation: { path, method, operation }, names, options, body }) => {
        let taken = 0;
        const filled = path.replaceAll(/\{\w+\}/g, () => {
          taken += 1;
          return encodeURIComponent((names[taken - 1] ?? '').toWellFormed()) || 'x';
        });
        const query = new URLSearchParams();
        const headers = new Headers();
        for (const [index, value] of options) {
          const parameter = operation.parameters[index % Math.max(1, operation.parameters.length)];
          if (parameter?.in === 'query') query.set(parameter.name, value);
          const isPlain = /^[\x20-\x7e]*$/.test(value);
          if (parameter?.in === 'header' && isPlain) headers.set(parameter.name, value);
        }
        const sent = operation.requestBody === undefined ? {} : { body };
        const response = await world.fetch(`${filled}?${query.toString()}`, token, {
          method: method.toUpperCase(),
          headers,
          signal: AbortSignal.timeout(5000),
          ...sent,
        });
        const type = response.headers.get('content-type') ?? '';
        if (type === 'text/event-stream') await response.body?.cancel();
        else await response.arrayBuffer();
        expect([filled, response.status < 500]).toEqual([filled, true]);
        if (response.status >= 400) expect(type).toBe('application/problem+json');
      },
    ),
    { numRuns: runCount(400), seed: runSeed },
  );
});
