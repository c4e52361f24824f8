import { expect, test } from 'vitest';
import { HoldfastError } from '../../errors/index.ts';
import { StoredValue } from '../../ledger/index.ts';
import type { Change, Commit, Entry, LogPage, Proposal, Receipt } from '../../ledger/index.ts';
import { decodeAnswer, encodeAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { decodeRequest, encodeRequest } from './request.ts';
import type { Request } from './request.ts';

const position = { incarnation: 'a1', revision: Number.MAX_SAFE_INTEGER };
const text = StoredValue.of({ name: 'Ada 🚀', tags: [null, 1.5, '\u2028'] });
const bytes = StoredValue.of(Uint8Array.of(0, 10, 255, 123));

function reread(answer: Answer): Answer {
  return decodeAnswer(encodeAnswer(answer));
}

function reasked(request: Request): Request {
  const decoded = decodeRequest(encodeRequest(request));
  if (decoded.kind === 'refused') throw decoded.error;
  return decoded;
}

function proposed(proposal: Proposal): Proposal {
  const request = reasked({ kind: 'call', id: 1, app: 'a', method: 'commit', args: { proposal } });
  return (request as { args: { proposal: Proposal } }).args.proposal;
}

function header(frame: Uint8Array): Record<string, unknown> {
  const line = new TextDecoder().decode(frame).split('\n')[0]!;
  return JSON.parse(line) as Record<string, unknown>;
}

const entry: Entry = {
  scope: 'users',
  key: 'é/\uffff/😀',
  version: 7,
  createdAt: 1,
  updatedAt: 2,
  expiresAt: undefined,
  schema: 0,
  size: 30,
  value: text,
};

test('entries arrive as they were, with what is undefined still there', () => {
  const result = [entry, undefined, { ...entry, expiresAt: 5, value: bytes }];
  const answer: Answer = { kind: 'result', id: 9, method: 'read', result };
  expect(reread(answer)).toStrictEqual(answer);
});

test('a value is sent as its own bytes, and equal ones once', () => {
  const result = [entry, entry, { ...entry, value: StoredValue.trusted(text.content) }];
  const frame = encodeAnswer({ kind: 'result', id: 9, method: 'read', result });
  expect(header(frame)['values']).toEqual([['t', text.size]]);
  expect(new TextDecoder().decode(frame).split('\n')[1]).toBe(text.content);
});

test('a value that is read shares no memory with its frame', () => {
  const result = [{ ...entry, value: bytes }];
  const frame = encodeAnswer({ kind: 'result', id: 9, method: 'read', result });
  const answer = decodeAnswer(frame) as unknown as { result: Entry[] };
  frame.fill(0);
  expect(answer.result[0]!.value.decode()).toEqual(bytes.decode());
});

test('a page of the log arrives with previous values, operations, actor and cause', () => {
  const { version, createdAt, updatedAt, expiresAt, schema, size } = entry;
  const change: Change = {
    scope: 'users',
    key: 'a',
    kind: 'updated',
    createdAt,
    expiresAt: 99,
    schema: 2,
    size,
    value: text,
    previous: { version, createdAt, updatedAt, expiresAt, schema, size, value: bytes },
    operations: [{ op: 'set', path: ['name'], value: { deep: [1, { x: null }] } }],
  };
  const expired: Change = { ...change, kind: 'expired', value: undefined, previous: undefined };
  const commit: Commit = {
    position,
    time: 5,
    changes: [change, { ...expired, erased: true }],
    actor: 'ada',
    cause: { kind: 'trigger', id: 't1', depth: 2 },
  };
  const page: LogPage = { kind: 'commits', commits: [commit], through: position, head: position };
  expect(reread({ kind: 'item', id: 3, page })).toStrictEqual({ kind: 'item', id: 3, page });
  const trimmed: LogPage = { kind: 'trimmed', head: position };
  expect(reread({ kind: 'item', id: 3, page: trimmed })).toStrictEqual({
    kind: 'item',
    id: 3,
    page: trimmed,
  });
});

test('receipts and conflicts arrive whole', () => {
  const receipt: Receipt = {
    kind: 'committed',
    position,
    time: 8,
    durability: 'relaxed',
    results: [
      { change: 'created', version: 4, value: text },
      { change: 'none', version: 0 },
    ],
    replayed: true,
  };
  const committed: Answer = { kind: 'result', id: 1, method: 'commit', result: receipt };
  expect(reread(committed)).toStrictEqual(committed);
  const value = { kind: 'value', scope: 's', key: 'k', value: bytes } as const;
  const conflict: Answer = {
    kind: 'result',
    id: 1,
    method: 'commit',
    result: {
      kind: 'conflict',
      failures: [
        { index: 0, check: value, actual: 3 },
        { index: 2, check: { kind: 'epoch', resource: 'r', epoch: 3 }, actual: 4 },
      ],
      position,
    },
  };
  expect(reread(conflict)).toStrictEqual(conflict);
});

test('an error arrives with its code, message, details and outcome', () => {
  const details = { key: 'k', path: ['a', 0], limit: 3 };
  const sent = new HoldfastError('busy', 'later', { details, outcome: 'unknown' });
  const { error } = reread({ kind: 'error', id: 1, error: sent }) as { error: HoldfastError };
  expect(error).toBeInstanceOf(HoldfastError);
  expect(error.toJSON()).toStrictEqual(sent.toJSON());
  expect(error.retryable).toBe(true);
});

test('details that are no JSON do not cost the error', () => {
  const details: Record<string, unknown> = { big: 1n };
  details['self'] = details;
  const sent = new HoldfastError('busy', 'later', { details });
  const { error } = reread({ kind: 'error', id: 1, error: sent }) as { error: HoldfastError };
  expect(error.toJSON()).toMatchObject({ code: 'busy', message: 'later', details: {} });
});

test('a proposal arrives with its values validated and in their stored form', () => {
  const proposal: Proposal = {
    checks: [
      { kind: 'version', scope: 's', key: 'k', version: 0 },
      { kind: 'value', scope: 's', key: 'k', value: { b: 1, a: [true] } },
      { kind: 'unchanged', scope: 's', since: position },
      { kind: 'epoch', resource: 'r', epoch: 1 },
    ],
    mutations: [
      { kind: 'set', scope: 's', key: 'k', value: Uint8Array.of(1, 2), ttlMs: 'keep', schema: 3 },
      { kind: 'delete', scope: 's', key: 'k' },
      { kind: 'touch', scope: 's', key: 'k', ttlMs: null },
      {
        kind: 'update',
        scope: 's',
        key: 'k',
        operations: [{ op: 'increment', path: ['n'], by: 2 }],
      },
    ],
    stamp: { client: 'c', sequence: 4 },
    durability: 'relaxed',
    returns: 'values',
    actor: 'ada',
    cause: { kind: 'run', id: 'r1' },
  };
  const arrived = proposed(proposal);
  expect(arrived).toMatchObject({
    ...proposal,
    checks: [
      proposal.checks![0],
      { ...proposal.checks![1], value: StoredValue.of({ b: 1, a: [true] }) },
      proposal.checks![2],
      proposal.checks![3],
    ],
    mutations: [
      { ...proposal.mutations![0], value: StoredValue.of(Uint8Array.of(1, 2)) },
      ...proposal.mutations!.slice(1),
    ],
  });
  expect(Object.keys(proposed({}))).toEqual([]);
});

test('what a caller gets wrong fails where it is written down', () => {
  const bad = (proposal: unknown) => () => proposed(proposal as Proposal);
  const set = { kind: 'set', scope: 's', key: 'k' };
  const failing: [unknown, string][] = [
    [{ mutations: [{ ...set, value: Number.NaN }] }, 'invalid_value'],
    [{ mutations: [set] }, 'invalid_value'],
    [{ checks: [{ ...set, kind: 'value', value: new Map() }] }, 'invalid_value'],
    [{ mutations: [{ ...set, kind: 'update', operations: [{ op: 'no' }] }] }, 'invalid_operation'],
    [{ mutations: [{ ...set, kind: 'upsert' }] }, 'invalid_argument'],
    [{ mutations: [{ ...set, key: 5, value: 1 }] }, 'invalid_name'],
    [{ mutations: [{ ...set, value: 1, ttlMs: Number.NaN }] }, 'invalid_argument'],
    [{ mutations: [null] }, 'invalid_argument'],
    [{ checks: 5 }, 'invalid_argument'],
    [null, 'invalid_argument'],
  ];
  for (const [proposal, code] of failing) {
    expect(bad(proposal)).toThrow(expect.objectContaining({ code }));
  }
});

test('a value that its sender did not validate is refused where it arrives', () => {
  const arrived = (json: string) => {
    const line = {
      kind: 'call',
      id: 6,
      app: 'a',
      method: 'commit',
      args: { proposal: { mutations: [{ kind: 'set', scope: 's', key: 'k', value: 0 }] } },
      values: [['t', json.length]],
    };
    return decodeRequest(new TextEncoder().encode(`${JSON.stringify(line)}\n${json}`));
  };
  expect(arrived('{"a":1}')).toMatchObject({ kind: 'call', id: 6 });
  for (const json of ['', '{', '9007199254740993', '{"__proto__":{}}', '['.repeat(5000), 'NaN']) {
    expect(arrived(json)).toMatchObject({ kind: 'refused', id: 6 });
  }
});

test('an error of a newer peer keeps its message and outcome', () => {
  const line = { code: 'constructor', message: 'new', details: {}, outcome: 'not-applied' };
  const frame = `${JSON.stringify({ kind: 'error', id: 2, error: line })}\n`;
  const { error } = decodeAnswer(new TextEncoder().encode(frame)) as { error: HoldfastError };
  expect(error.toJSON()).toEqual({
    code: 'internal',
    message: 'new',
    details: { code: 'constructor' },
    outcome: 'not-applied',
  });
});

test('fields that a newer peer adds are passed over', () => {
  const frame = '{"kind":"pull","id":4,"count":2,"urgent":true}\n';
  const decoded = decodeRequest(new TextEncoder().encode(frame));
  expect(decoded).toStrictEqual({ kind: 'pull', id: 4, count: 2 });
});
