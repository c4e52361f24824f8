/** What happens to a trigger, drawn at random. */
import fc from 'fast-check';

export type Command =
  /** Changes of some keys in one commit. */
  | { readonly kind: 'write'; readonly changes: readonly (readonly [string, number])[] }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'pause' | 'resume' | 'restart' | 'kill' | 'second' | 'rename' | 'trim' }
  | { readonly kind: 'filter'; readonly prefix: string | undefined }
  /** Whether attempts fail at all. */
  | { readonly kind: 'well'; readonly isWell: boolean }
  | { readonly kind: 'replay' | 'drop'; readonly share: number };

export const keys = ['a1', 'a2', 'b1', 'b2'];

const key = fc.constantFrom(...keys);
const fails = fc.constantFrom(0, 0, 0, 0, 1, 2, 3);
const change = fc.tuple(key, fails);

export const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        changes: fc.uniqueArray(change, { minLength: 1, maxLength: 3, selector: ([one]) => one }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('pass' as const),
        ms: fc.integer({ min: 1, max: 5000 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          ...(['pause', 'resume', 'restart', 'kill', 'second', 'rename', 'trim'] as const),
        ),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('filter' as const),
        prefix: fc.constantFrom(undefined, 'a', 'b'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('well' as const), isWell: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('replay' as const, 'drop' as const),
        share: fc.constantFrom(0.5, 1),
      }),
    },
  ),
  { minLength: 4, maxLength: 30, size: 'max' },
);
