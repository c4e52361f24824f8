/**
 * A delta of a structured state: for each key that changed, what became of it.
 *
 * D1. A key occurs once.
 * D2. `planChanges` touches nothing: it says what the entries and the hash would be, or throws. So
 *     a delta that is wrong is found before anything is overwritten.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { applyOperations, checkOperations, limits, StoredValue } from '../../../ledger/index.ts';
import type { Operation } from '../../../ledger/index.ts';
import { changedSum } from './set-hash.ts';

export type Change =
  | { readonly key: string; readonly kind: 'set'; readonly value: StoredValue }
  | { readonly key: string; readonly kind: 'update'; readonly operations: readonly Operation[] }
  | { readonly key: string; readonly kind: 'delete' };

/** One key's part in a plan; undefined stands for no entry. */
export interface Effect {
  readonly key: string;
  readonly before: StoredValue | undefined;
  readonly after: StoredValue | undefined;
  readonly change: Change;
}

export interface Plan {
  /** Of the state afterwards. */
  readonly sum: bigint;
  readonly effects: readonly Effect[];
}

/** Throws what says that the changes do not apply to the entries that `before` tells. */
export function planChanges(
  changes: readonly Change[],
  before: (key: string) => StoredValue | undefined,
  sum: bigint,
): Plan {
  const seen = new Set<string>();
  let after = sum;
  const effects = changes.map((change) => {
    const { key } = change;
    if (seen.has(key)) {
      throw new HoldfastError('invalid_argument', `the delta names '${key}' twice`, {
        details: { key },
      });
    }
    seen.add(key);
    const old = before(key);
    const value = changed(change, old);
    after = changedSum(after, key, old, value);
    return { key, before: old, after: value, change };
  });
  return { sum: after, effects };
}

function changed(change: Change, before: StoredValue | undefined): StoredValue | undefined {
  switch (change.kind) {
    case 'set':
      return change.value;
    case 'delete':
      return undefined;
    case 'update': {
      const operations = checkOperations(change.operations);
      const value = applyOperations(before?.decode(), operations, { key: change.key });
      return value === undefined ? undefined : StoredValue.of(value, limits.valueBytesMax);
    }
  }
}
