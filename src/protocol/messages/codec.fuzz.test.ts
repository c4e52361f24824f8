/** Bytes from a stranger: whatever they are, they are read, refused or `protocol`. */
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import { StoredValue } from '../../ledger/index.ts';
import type { Proposal } from '../../ledger/index.ts';
import { decodeAnswer, encodeAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { methods } from './calls.ts';
import { decodeRequest, encodeRequest } from './request.ts';
import type { Request } from './request.ts';

const runs = { numRuns: Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 1000) };
const encoder = new TextEncoder();

function survives(bytes: Uint8Array): void {
  for (const decode of [decodeRequest, decodeAnswer]) {
    try {
      const message = decode(bytes);
      if (message.kind === 'refused') expect(isHoldfastError(message.error)).toBe(true);
    } catch (error) {
      if (!isHoldfastError(error, 'protocol')) throw error;
    }
  }
}

afterEach(() => {
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

const proposal: Proposal = {
  checks: [
    { kind: 'value', scope: 's', key: 'k', value: { a: [1, 'x'] } },
    { kind: 'unchanged', scope: 's', since: { incarnation: 'i', revision: 3 } },
  ],
  mutations: [
    { kind: 'set', scope: 's', key: 'k', value: Uint8Array.of(1, 2, 3), ttlMs: 5 },
    { kind: 'update', scope: 's', key: 'k', operations: [{ op: 'merge', value: { a: 1 } }] },
  ],
  cause: { kind: 'run', id: 'r' },
};
const position = { incarnation: 'i', revision: 3 };
const requests: Request[] = [
  { kind: 'call', id: 1, app: 'a', method: 'commit', args: { proposal } },
  { kind: 'call', id: 2, app: 'a', method: 'read', args: { refs: [{ scope: 's', key: 'k' }] } },
  { kind: 'watch', id: 3, app: 'a', options: { scope: 's', after: position } },
  { kind: 'pull', id: 3, count: 4 },
];
const answers: Answer[] = [
  {
    kind: 'result',
    id: 1,
    method: 'commit',
    result: {
      kind: 'committed',
      position,
      time: 1,
      durability: 'sync',
      results: [{ change: 'created', version: 3, value: StoredValue.of('v') }],
      replayed: false,
    },
  },
  {
    kind: 'item',
    id: 3,
    page: { kind: 'commits', commits: [], through: position, head: position },
  },
];
const frames = [...requests.map(encodeRequest), ...answers.map(encodeAnswer)];

test('random bytes are never more than a protocol error', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survives), runs);
});

test('valid frames, damaged in a few places, are never more than a protocol error', () => {
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.nat({ max: 4 }),
    bytes: fc.uint8Array({ maxLength: 4 }),
  });
  const property = fc.property(
    fc.constantFrom(...frames),
    fc.array(edit, { minLength: 1, maxLength: 4 }),
    (frame, edits) => {
      const bytes = [...frame];
      for (const { at, cut, bytes: put } of edits) bytes.splice(at % bytes.length, cut, ...put);
      survives(Uint8Array.from(bytes));
    },
  );
  fc.assert(property, runs);
});

test('any JSON in the place of any field is never more than a protocol error', () => {
  const names = ['kind', 'id', 'app', 'method', 'args', 'options', 'count', 'result', 'values'];
  const fields = [
    'proposal',
    'refs',
    'query',
    'checks',
    'mutations',
    'operations',
    'page',
    'error',
  ];
  const words = ['call', 'watch', 'pull', 'stop', 'result', 'item', 'error', 'commits', 'set'];
  const leaf = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(...words, ...methods, '__proto__', 'constructor', 0, 1, -1, 2 ** 53),
  );
  const key = fc.constantFrom(...names, ...fields, '__proto__', 'constructor', 'scope', 'key');
  const { node } = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.array(fc.tuple(key, tie('node')), { maxLength: 6 }).map(asObject),
    ),
  }));
  const property = fc.property(
    fc.array(fc.tuple(key, node), { maxLength: 8 }),
    fc.string(),
    fc.constantFrom(...words),
    (members, rest, kind) => {
      const header = asObject([['id', 1], ['kind', kind], ...members]);
      survives(encoder.encode(`${JSON.stringify(header)}\n${rest}`));
    },
  );
  fc.assert(property, runs);
});

function asObject(members: readonly (readonly [string, unknown])[]): object {
  const object: Record<string, unknown> = {};
  for (const [key, value] of members) {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true });
  }
  return object;
}

test('deep JSON in any part of a header is never more than a protocol error', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const call = '"kind":"call","id":1,"app":"a","method":"commit"';
  const update = (operations: string) =>
    `{${call},"args":{"proposal":{"mutations":[{"kind":"update","scope":"s","key":"k",` +
    `"operations":[{"op":"set","value":${operations}}]}]}}}`;
  const error = `{"kind":"error","id":1,"error":{"code":"busy","message":"m","outcome":"unknown"`;
  const lines = [
    deep,
    `{"id":1,"kind":${deep}}`,
    `{${call},"args":${deep}}`,
    update(deep),
    `${error},"details":{"a":${deep}}}}`,
    `${error},"details":{"__proto__":{"polluted":1}}}}`,
    update('{"__proto__":{"polluted":1}}'),
    '['.repeat(1_000_000),
  ];
  for (const line of lines) survives(encoder.encode(`${line}\n`));
});

test('what was decoded can be encoded again to the same message', () => {
  for (const request of requests) {
    const once = encodeRequest(request);
    expect(encodeRequest(decodeRequest(once) as Request)).toEqual(once);
  }
  for (const answer of answers) {
    const once = encodeAnswer(answer);
    expect(encodeAnswer(decodeAnswer(once))).toEqual(once);
  }
});
