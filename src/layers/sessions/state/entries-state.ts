/**
 * A structured state in memory: entries in the order of their keys, and their hash.
 *
 * E1. `advance` checks the hash before it changes anything: it is the old state or the new one.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { SortedMap } from '../../../internal/sorted-map.ts';
import { compareText, prefixSuccessor } from '../../../internal/text-order.ts';
import type { StoredValue } from '../../../ledger/index.ts';
import { planChanges } from './change.ts';
import type { Change, Plan } from './change.ts';
import { changedSum, emptySum, hashText } from './set-hash.ts';
import type { StateHash } from './set-hash.ts';

export class EntriesState {
  readonly #entries = new SortedMap<string, StoredValue>(compareText);
  #sum = emptySum;
  #bytes = 0;

  /** Throws `invalid_argument` if a key comes twice. @internal */
  static of(entries: Iterable<readonly [string, StoredValue]>): EntriesState {
    const state = new EntriesState();
    for (const [key, value] of entries) {
      if (state.#entries.has(key)) {
        throw new HoldfastError('invalid_argument', `the snapshot has '${key}' twice`);
      }
      state.#put(key, undefined, value);
      state.#sum = changedSum(state.#sum, key, undefined, value);
    }
    return state;
  }

  get hash(): StateHash {
    return hashText(this.#sum);
  }

  /** Bytes of keys and values, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @internal */
  get(key: string): StoredValue | undefined {
    return this.#entries.get(key);
  }

  /** @internal */
  entries(prefix = '', reverse = false): Generator<readonly [string, StoredValue], void> {
    return this.#entries.entries({ from: prefix, below: prefixSuccessor(prefix) }, reverse);
  }

  /** What the changes would make of it; throws if they do not apply. @internal */
  plan(changes: readonly Change[]): Plan {
    return planChanges(changes, (key) => this.#entries.get(key), this.#sum);
  }

  /** @internal */
  advance({ sum, effects }: Plan): void {
    for (const { key, before, after } of effects) this.#put(key, before, after);
    this.#sum = sum;
  }

  #put(key: string, before: StoredValue | undefined, after: StoredValue | undefined): void {
    if (after === undefined) this.#entries.delete(key);
    else this.#entries.set(key, after);
    this.#bytes += weight(key, after) - weight(key, before);
  }
}

function weight(key: string, value: StoredValue | undefined): number {
  return value === undefined ? 0 : key.length + value.content.length;
}
