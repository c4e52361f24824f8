/** Proposals of the wrong shape, and those over a limit. */
import { limits } from '../../../ledger/index.ts';
import { set } from '../acts.ts';
import { check, many, mutation, proposal } from './case.ts';
import type { Case, Wrong } from './case.ts';

export const shapes: readonly Case[] = [
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
  ...[null, 7, {}, [null], [7]].map((quotas, index) =>
    proposal(`quotas that are none (${index})`, 'invalid_argument', { quotas }),
  ),
  proposal('a quota of no scope', 'invalid_name', { quotas: [{ entries: 1 }] }),
  ...[-1, 1.5, '1', null, 2 ** 53].map((entries) =>
    proposal(`a quota of ${String(entries)} entries`, 'invalid_argument', {
      quotas: [{ scope: 's', entries }],
    }),
  ),
  proposal('two quotas for one scope', 'invalid_argument', {
    quotas: [
      { scope: 's', entries: 1 },
      { scope: 's', bytes: 1 },
    ],
  }),
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

export const batches: readonly Case[] = [
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
