/** Wrong input: one clear error from the table, whatever was handed in, and nothing applied. */
import { expect } from 'vitest';
import type { ErrorCode } from '../../../errors/index.ts';
import { limits, origin } from '../../../ledger/index.ts';
import type { Ledger, LedgerHead } from '../../../ledger/index.ts';
import { refusal, set, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

/** Whatever JavaScript lets through where types do not. */
type Wrong = never;

type Case = readonly [string, ErrorCode, (ledger: Ledger) => unknown];

function mutation(name: string, code: ErrorCode, wrong: unknown): Case {
  const mutations = [set('before', 1), wrong as Wrong];
  return [name, code, (ledger) => ledger.commit({ mutations })];
}

function check(name: string, code: ErrorCode, wrong: unknown): Case {
  const proposal = { checks: [wrong as Wrong], mutations: [set('before', 1)] };
  return [name, code, (ledger) => ledger.commit(proposal)];
}

function value(name: string, wrong: unknown, path: string): Case {
  return [
    name,
    'invalid_value',
    async (ledger) => {
      const error = await refusal('invalid_value', () => write(ledger, set('k', wrong)));
      expect(JSON.stringify([error.message, error.details])).toContain(path);
      throw error;
    },
  ];
}

function operation(name: string, code: ErrorCode, wrong: unknown): Case {
  return mutation(name, code, { kind: 'update', scope: 's', key: 'k', operations: [wrong] });
}

function proposal(name: string, code: ErrorCode, wrong: unknown): Case {
  return [name, code, (ledger) => ledger.commit(wrong as Wrong)];
}

function many(count: number, make: (index: number) => unknown): never[] {
  return Array.from({ length: count }, (_, index) => make(index)) as never[];
}

const names: readonly (readonly [string, unknown])[] = [
  ['an empty name', ''],
  ['a name with NUL', 'a\0b'],
  ['a name with a lone surrogate', 'a\ud800'],
  ['a number as a name', 7],
  ['no name', undefined],
  ['null as a name', null],
  ['an object as a name', {}],
];

const nameCases: readonly Case[] = names.flatMap(([what, name]): Case[] => [
  mutation(`a set with ${what} as its key`, 'invalid_name', set(name as Wrong, 1)),
  mutation(
    `a set with ${what} as its scope`,
    'invalid_name',
    set('k', 1, { scope: name as Wrong }),
  ),
  [`a read of ${what}`, 'invalid_name', (app) => app.read([{ scope: 's', key: name as Wrong }])],
  [`a scan of ${what}`, 'invalid_name', (app) => app.scan({ scope: name as Wrong })],
  [`a count of ${what}`, 'invalid_name', (app) => app.scope(name as Wrong)],
  [`an erasure of ${what}`, 'invalid_name', (app) => app.erase({ scope: 's', key: name as Wrong })],
  [`a pin called ${what}`, 'invalid_name', (app) => app.pin(name as Wrong, origin, 1000)],
]);

const reserved: readonly Case[] = ['$ledger', '$ledger/values', '$sys', '$sys/apps'].flatMap(
  (scope): Case[] => [
    mutation(`a set in ${scope}`, 'invalid_name', set('k', 1, { scope })),
    [`a read of ${scope}`, 'invalid_name', (app) => app.read([{ scope, key: 'k' }])],
    [`a scan of ${scope}`, 'invalid_name', (app) => app.scan({ scope })],
  ],
);

const tooLong: readonly Case[] = [
  mutation('a key over its limit', 'invalid_name', set('k'.repeat(limits.keyBytes + 1), 1)),
  mutation('a key over its limit in bytes', 'invalid_name', set('é'.repeat(513), 1)),
  mutation('a scope over its limit', 'invalid_name', set('k', 1, { scope: 's'.repeat(257) })),
  proposal('a client over its limit', 'invalid_name', {
    stamp: { client: 'c'.repeat(limits.clientNameBytes + 1), sequence: 1 },
  }),
];

class Celsius {
  readonly degrees = 20;
}

function cyclic(): unknown {
  const loop: Record<string, unknown> = {};
  loop['self'] = { loop };
  return loop;
}

const values: readonly Case[] = [
  value('a set of NaN', { a: [1, Number.NaN] }, '/a/1'),
  value('a set of Infinity', { a: { b: Infinity } }, '/a/b'),
  value('a set of an integer past 2^53', { 'a/b': 2 ** 53 }, '/a~1b'),
  value('a set of a bigint', [1n], '/0'),
  value('a set of undefined', undefined, 'undefined'),
  value('a set of an array with undefined', { list: [undefined] }, '/list/0'),
  value('a set of a function', { run: () => 1 }, '/run'),
  value('a set of a symbol', { s: Symbol('s') }, '/s'),
  value('a set of a Map', { m: new Map() }, '/m'),
  value('a set of a Date', { at: new Date(0) }, '/at'),
  value('a set of a class instance', { t: new Celsius() }, '/t'),
  value('a set of a cycle', cyclic(), 'cycle'),
  value('a set of text with a lone surrogate', { t: ['\udc00'] }, '/t/0'),
  value('a set of a name with a lone surrogate', { a: { '\ud800': 1 } }, '/a'),
  value('a set of a __proto__ member', JSON.parse('{"a":{"__proto__":1}}'), '/a/__proto__'),
  check('a check of a value that is none', 'invalid_value', {
    kind: 'value',
    scope: 's',
    key: 'k',
    value: Number.NaN,
  }),
];

const times = [0, -1, 1.5, Number.NaN, Infinity, '5', true, {}, limits.ttlMsMax + 1, 2 ** 60];

const ttls: readonly Case[] = times.flatMap((ttlMs): Case[] => [
  mutation(
    `a set with ttlMs ${String(ttlMs)}`,
    'invalid_argument',
    set('k', 1, { ttlMs } as Wrong),
  ),
  mutation(`a touch with ttlMs ${String(ttlMs)}`, 'invalid_argument', {
    kind: 'touch',
    scope: 's',
    key: 'k',
    ttlMs,
  }),
  mutation(`an update with ttlMs ${String(ttlMs)}`, 'invalid_argument', {
    kind: 'update',
    scope: 's',
    key: 'k',
    operations: [{ op: 'increment' }],
    ttlMs,
  }),
]);

const operations: readonly Case[] = [
  operation('an unknown operation', 'invalid_operation', { op: 'explode' }),
  operation('an operation that is null', 'invalid_operation', null),
  operation('an operation that is text', 'invalid_operation', 'increment'),
  operation('an operation without a name', 'invalid_operation', {}),
  operation('a path through __proto__', 'invalid_operation', {
    op: 'set',
    path: ['a', '__proto__', 'b'],
    value: 1,
  }),
  operation('a path through constructor', 'invalid_operation', {
    op: 'set',
    path: '/constructor/prototype/x',
    value: 1,
  }),
  operation('a path that is a number', 'invalid_operation', { op: 'increment', path: 7 }),
  operation('an increment by a fraction of text', 'invalid_operation', {
    op: 'increment',
    by: 'x',
  }),
  operation('an increment by NaN', 'invalid_operation', { op: 'increment', by: Number.NaN }),
  mutation('an update without operations', 'invalid_operation', {
    kind: 'update',
    scope: 's',
    key: 'k',
  }),
  mutation('an update with operations that are no list', 'invalid_operation', {
    kind: 'update',
    scope: 's',
    key: 'k',
    operations: { op: 'increment' },
  }),
];

const shapes: readonly Case[] = [
  ...[null, undefined, 7, 'text', [], () => 1].map((wrong) =>
    proposal(
      `${Array.isArray(wrong) ? 'a list' : String(wrong)} as a proposal`,
      'invalid_argument',
      wrong,
    ),
  ),
  ...[null, 7, 'text', {}, { length: 1 }].flatMap((wrong, index) => [
    proposal(`mutations that are no list (${index})`, 'invalid_argument', { mutations: wrong }),
    proposal(`checks that are no list (${index})`, 'invalid_argument', { checks: wrong }),
  ]),
  ...[null, undefined, 7, 'text', []].flatMap((wrong, index) => [
    mutation(`a mutation that is none (${index})`, 'invalid_argument', wrong),
    check(`a check that is none (${index})`, 'invalid_argument', wrong),
  ]),
  mutation('a mutation of an unknown kind', 'invalid_argument', {
    kind: 'zap',
    scope: 's',
    key: 'k',
  }),
  check('a check of an unknown kind', 'invalid_argument', { kind: 'zap', scope: 's', key: 'k' }),
  ...[-1, 1.5, '1', undefined, 2 ** 53].map((version) =>
    check(`a check of version ${String(version)}`, 'invalid_argument', {
      kind: 'version',
      scope: 's',
      key: 'k',
      version,
    }),
  ),
  ...[
    null,
    undefined,
    7,
    {},
    { incarnation: 7, revision: 1 },
    { incarnation: '', revision: -1 },
  ].map((since, index) =>
    check(`a scope check since no position (${index})`, 'invalid_argument', {
      kind: 'unchanged',
      scope: 's',
      since,
    }),
  ),
  ...[0, -1, 1.5, '1'].map((epoch) =>
    check(`a check of epoch ${epoch}`, 'invalid_argument', { kind: 'epoch', resource: 'r', epoch }),
  ),
  ...[0, -1, 1.5, '1', undefined].map((sequence) =>
    proposal(`a stamp of sequence ${String(sequence)}`, 'invalid_argument', {
      stamp: { client: 'c', sequence },
    }),
  ),
  ...[null, 7, 'c', []].map((stamp, index) =>
    proposal(`a stamp that is none (${index})`, 'invalid_argument', { stamp }),
  ),
  proposal('an unknown durability', 'invalid_argument', { durability: 'eternal' }),
  proposal('an unknown kind of returns', 'invalid_argument', { returns: 'everything' }),
  ...[-1, 1.5, '1', null].map((schema) =>
    mutation(
      `a set with schema ${String(schema)}`,
      'invalid_argument',
      set('k', 1, { schema } as Wrong),
    ),
  ),
  ...[7, {}, null, '\ud800'].map((actor, index) =>
    proposal(`an actor that is no text (${index})`, 'invalid_argument', {
      mutations: [set('k', 1)],
      actor,
    }),
  ),
  ...[7, null, {}, { kind: 'run' }, { kind: 1, id: 'x' }, { kind: 'run', id: 1n }].map(
    (cause, index) =>
      proposal(`a cause that is none (${index})`, 'invalid_argument', {
        mutations: [set('k', 1)],
        cause,
      }),
  ),
  ...[-1, 1.5, Number.NaN, 1n, '1'].map((depth) =>
    proposal(`a cause of depth ${String(depth)}`, 'invalid_argument', {
      mutations: [set('k', 1)],
      cause: { kind: 'run', id: 'x', depth },
    }),
  ),
];

const batches: readonly Case[] = [
  proposal('more mutations than a proposal may have', 'limit_exceeded', {
    mutations: many(limits.mutationsPerProposal + 1, (index) => set(`k${index}`, 1)),
  }),
  proposal('more checks than a proposal may have', 'limit_exceeded', {
    checks: many(limits.checksPerProposal + 1, (index) => ({
      kind: 'version',
      scope: 's',
      key: `k${index}`,
      version: 0,
    })),
  }),
  mutation('more operations than an update may have', 'limit_exceeded', {
    kind: 'update',
    scope: 's',
    key: 'k',
    operations: many(limits.operationsPerUpdate + 1, () => ({ op: 'increment' })),
  }),
  mutation('a value over the limit', 'limit_exceeded', set('k', 'x'.repeat(1024 * 1024))),
  mutation('bytes over the limit', 'limit_exceeded', set('k', new Uint8Array(1024 * 1024 + 1))),
  [
    'a read of too many entries',
    'limit_exceeded',
    (app) => app.read(many(limits.readRefs + 1, (index) => ({ scope: 's', key: `k${index}` }))),
  ],
];

const asks: readonly Case[] = [
  ...[null, undefined, 7, {}, 'text'].map((refs, index): Case => [
    `a read of no list (${index})`,
    'invalid_argument',
    (app) => app.read(refs as Wrong),
  ]),
  ...[null, undefined, 7, 'ref'].map((ref, index): Case => [
    `a read of no ref (${index})`,
    'invalid_argument',
    (app) => app.read([ref as Wrong]),
  ]),
  ...[null, undefined, 7].map((query, index): Case => [
    `a scan of no query (${index})`,
    'invalid_argument',
    (app) => app.scan(query as Wrong),
  ]),
  ...[0, -1, 1.5, '1', limits.scanLimitMax + 1, null].flatMap((limit): Case[] => [
    [
      `a scan of ${limit}`,
      'invalid_argument',
      (app) => app.scan({ scope: 's', limit: limit as Wrong }),
    ],
    [`scopes of ${limit}`, 'invalid_argument', (app) => app.scopes({ limit: limit as Wrong })],
    [`a log of ${limit}`, 'invalid_argument', (app) => app.log(origin, { limit: limit as Wrong })],
  ]),
  ...['', 'nonsense', 'W10', '\ud800', 7, null].map((cursor, index): Case => [
    `a cursor that is none (${index})`,
    'invalid_argument',
    (app) => app.scan({ scope: 's', cursor: cursor as Wrong }),
  ]),
  ...(['prefix', 'from', 'to'] as const).flatMap((bound) =>
    [7, null, {}, '\ud800'].map((wrong, index): Case => [
      `a scan with a wrong ${bound} (${index})`,
      'invalid_argument',
      (app) => app.scan({ scope: 's', [bound]: wrong as Wrong }),
    ]),
  ),
  ...[null, undefined, 7, {}, { incarnation: 'x', revision: -1 }].flatMap((at, index): Case[] => [
    [`a log after no position (${index})`, 'invalid_argument', (app) => app.log(at as Wrong)],
    [`a pin at no position (${index})`, 'invalid_argument', (app) => app.pin('p', at as Wrong, 10)],
  ]),
  ...[null, 7, { incarnation: 'x', revision: -1 }].map((after, index): Case => [
    `a watch after no position (${index})`,
    'invalid_argument',
    (app) =>
      app
        .watch({ after: after as Wrong })
        [Symbol.asyncIterator]()
        .next(),
  ]),
  ...[{ key: 'k' }, { prefix: 'k' }, { scope: 's', key: 7 }].flatMap((filter, index): Case[] => {
    const code = index === 2 ? 'invalid_name' : 'invalid_argument';
    return [
      [`a log with a wrong filter (${index})`, code, (app) => app.log(origin, filter as Wrong)],
      [
        `a watch with a wrong filter (${index})`,
        code,
        (app) =>
          app
            .watch(filter as Wrong)
            [Symbol.asyncIterator]()
            .next(),
      ],
    ];
  }),
  ...[-1, 1.5, Number.NaN, '5'].flatMap((ttlMs): Case[] => [
    [`a pin for ${ttlMs}`, 'invalid_argument', (app) => app.pin('p', origin, ttlMs as Wrong)],
    [`a heartbeat for ${ttlMs}`, 'invalid_argument', (app) => app.heartbeat('m', ttlMs as Wrong)],
  ]),
  ...[null, undefined, 7].map((ref, index): Case => [
    `an erasure of no ref (${index})`,
    'invalid_argument',
    (app) => app.erase(ref as Wrong),
  ]),
  ...['', 7, null, 'a\0b'].map((member, index): Case => [
    `a heartbeat of nobody (${index})`,
    'invalid_name',
    (app) => app.heartbeat(member as Wrong, 10),
  ]),
];

const subjects: readonly (readonly [string, readonly Case[]])[] = [
  ['names', nameCases],
  ['reserved scopes', reserved],
  ['names over their limits', tooLong],
  ['values that would not survive', values],
  ['times to live', ttls],
  ['operations', operations],
  ['shapes', shapes],
  ['batches', batches],
  ['questions', asks],
];

export function inputContract(contract: LedgerContract): void {
  for (const [subject, cases] of subjects) {
    contract.test(`wrong ${subject}: one clear error each, nothing applied`, async (world) => {
      const { app } = await world.start();
      await write(app, set('there', 1));
      const before: LedgerHead = await app.head();
      const found: string[] = [];
      for (const [name, code, act] of cases) {
        // All cases are tried, so that one run shows every one that goes wrong.
        const error = await refusal(undefined, () => act(app)).catch((other: unknown) => other);
        const [got, outcome] = [
          Reflect.get(Object(error), 'code'),
          Reflect.get(Object(error), 'outcome'),
        ];
        if (got !== code || outcome !== 'not-applied')
          found.push(`${name}: ${String(error)} (${got})`);
      }
      expect(found).toEqual([]);
      expect(await app.head()).toEqual(before);
    });
  }

  contract.test('the edges of the limits are inside', async (world) => {
    const { app } = await world.start();
    const key = 'k'.repeat(limits.keyBytes);
    const scope = 'é'.repeat(limits.scopeBytes / 2);
    await write(app, set(key, 1, { scope, ttlMs: limits.ttlMsMax }));
    await write(app, set('v', 'x'.repeat(limits.valueBytesDefault - 2)));
    await write(app, ...many(limits.mutationsPerProposal, (index) => set(`k${index}`, index)));
    const refs = many(limits.readRefs, (index) => ({ scope: 's', key: `k${index}` }));
    const entries = await app.read(refs);
    expect(entries.every((entry, index) => entry?.value.decode() === index)).toBe(true);
    expect((await app.scan({ scope: 's', limit: limits.scanLimitMax })).items).toHaveLength(1001);
  });
}
