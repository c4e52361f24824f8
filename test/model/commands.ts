/** Random sequences of what callers do to a ledger. */
import fc from 'fast-check';
import type { Check, Mutation, Operation } from '../../src/ledger/index.ts';

export type Command =
  | { readonly do: 'commit'; readonly checks: readonly CheckPlan[]; readonly mutations: Mutation[] }
  | { readonly do: 'together'; readonly proposals: readonly Mutation[][] }
  | { readonly do: 'repeat'; readonly mutations: Mutation[] }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'trim' }
  | { readonly do: 'pin'; readonly back: number; readonly ttlMs: number }
  | { readonly do: 'erase'; readonly scope: string; readonly key: string }
  | { readonly do: 'reopen' }
  | {
      readonly do: 'scan';
      readonly scope: string;
      readonly reverse: boolean;
      readonly limit: number;
    }
  | { readonly do: 'scanWhileWriting'; readonly scope: string; readonly mutations: Mutation[] };

/** Checks that need to know the state: filled in when the command runs. */
export type CheckPlan =
  | {
      readonly plan: 'version' | 'value';
      readonly scope: string;
      readonly key: string;
      readonly right: boolean;
    }
  | { readonly plan: 'unchanged'; readonly scope: string; readonly right: boolean };

export type { Check };

const scope = fc.constantFrom('users', 'session/1', 's');
const key = fc.constantFrom('a', 'b', 'c', '\u{1F600}', '\uFF00');
const ttlMs = fc.integer({ min: 1, max: 50 });
const large = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 5000, max: 9000 }))
  .map(([digit, length]) => ({ text: String(digit).repeat(length), n: digit }));
const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -5, max: 5 }) },
  {
    weight: 2,
    arbitrary: fc.record(
      { n: fc.integer({ min: 0, max: 3 }), list: fc.array(fc.nat(3), { maxLength: 3 }) },
      { noNullPrototype: true },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, '', 'text', [], {}) },
  { weight: 1, arbitrary: large },
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant('increment' as const), by: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ op: fc.constant('increment' as const), path: fc.constant(['n']), by: fc.nat(3) }),
  fc.record({ op: fc.constant('append' as const), path: fc.constant(['list']), value: fc.nat(9) }),
  fc.record({ op: fc.constant('set' as const), path: fc.constant(['x']), value: fc.nat(9) }),
  fc.record({ op: fc.constant('remove' as const), path: fc.constant(['n']) }),
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      {
        kind: fc.constant('set' as const),
        scope,
        key,
        value,
        ttlMs: fc.oneof(ttlMs, fc.constant('keep' as const)),
        schema: fc.nat(2),
      },
      { requiredKeys: ['kind', 'scope', 'key', 'value'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), scope, key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('touch' as const),
      scope,
      key,
      ttlMs: fc.oneof(ttlMs, fc.constant(null)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        kind: fc.constant('update' as const),
        scope,
        key,
        operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
        ttlMs: fc.oneof(ttlMs, fc.constant(null)),
      },
      { requiredKeys: ['kind', 'scope', 'key', 'operations'] },
    ),
  },
);

const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
const right = fc.boolean();
const checkPlan: fc.Arbitrary<CheckPlan> = fc.oneof(
  fc.record({ plan: fc.constantFrom('version' as const, 'value' as const), scope, key, right }),
  fc.record({ plan: fc.constant('unchanged' as const), scope, right }),
);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      checks: fc.array(checkPlan, { maxLength: 2 }),
      mutations,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('together' as const),
      proposals: fc.array(mutations, { minLength: 2, maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), mutations }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'sweep' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'trim' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('pin' as const),
      back: fc.nat(5),
      ttlMs: fc.integer({ min: 1, max: 200 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('erase' as const), scope, key }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('scan' as const),
      scope,
      reverse: fc.boolean(),
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('scanWhileWriting' as const), scope, mutations }),
  },
);

export const commands = fc.array(command, { minLength: 1, maxLength: 40, size: 'max' });
