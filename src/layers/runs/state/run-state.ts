/**
 * The committed state of a run, in memory: values by place.
 *
 * R1. Values are immutable stored forms: whoever reads decodes a copy of its own.
 * R2. Its bytes are bounded: what would exceed them is refused before anything changes.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { SortedMap } from '../../../internal/sorted-map.ts';
import { compareText, prefixSuccessor } from '../../../internal/text-order.ts';
import type { StoredValue } from '../../../ledger/index.ts';
import { indexOf } from './place.ts';

/** What a step makes of places; undefined: nothing is there any more. */
export type StateChanges = ReadonlyMap<string, StoredValue | undefined>;

/** What can be read: the committed state, or a step's beginning. */
export interface StateSource {
  get(place: string): StoredValue | undefined;
  /** Places that start with `prefix`, in order. */
  places(prefix: string): Iterable<string>;
  /** The indexes that a list holds: first ≤ i < next. */
  bounds(prefix: string): ListBounds;
}

export interface ListBounds {
  readonly first: number;
  readonly next: number;
}

export class RunState implements StateSource {
  readonly #values = new SortedMap<string, StoredValue>(compareText);
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#values.size;
  }

  get(place: string): StoredValue | undefined {
    return this.#values.get(place);
  }

  *places(prefix: string): Generator<string, void, undefined> {
    for (const [place] of this.entries(prefix)) yield place;
  }

  entries(prefix = ''): Iterable<readonly [string, StoredValue]> {
    return this.#values.entries({ from: prefix, to: prefixSuccessor(prefix) });
  }

  bounds(prefix: string): ListBounds {
    return listBounds(this.#values, prefix);
  }

  /** Throws `limit_exceeded` if the state would be too large with these changes. */
  checkRoom(changes: StateChanges): void {
    const bytes = this.#bytes + this.#growth(changes);
    if (bytes <= this.#maxBytes) return;
    const text = `the state of the run would take ${bytes} bytes; at most ${this.#maxBytes}`;
    throw new HoldfastError('limit_exceeded', `${text} (maxStateBytes)`, {
      details: { bytes, limit: this.#maxBytes },
    });
  }

  apply(changes: StateChanges): void {
    this.#bytes += this.#growth(changes);
    for (const [place, value] of changes) {
      if (value === undefined) this.#values.delete(place);
      else this.#values.set(place, value);
    }
  }

  /** What would turn this state into `other`. */
  differences(other: RunState): Map<string, StoredValue | undefined> {
    const changes = new Map<string, StoredValue | undefined>();
    for (const [place, value] of other.entries()) {
      if (!sameValue(this.get(place), value)) changes.set(place, value);
    }
    for (const [place] of this.entries()) {
      if (other.get(place) === undefined) changes.set(place, undefined);
    }
    return changes;
  }

  #growth(changes: StateChanges): number {
    let growth = 0;
    for (const [place, value] of changes) {
      const before = this.#values.get(place);
      growth += sizeOf(place, value) - sizeOf(place, before);
    }
    return growth;
  }
}

function sizeOf(place: string, value: StoredValue | undefined): number {
  return value === undefined ? 0 : place.length + value.size;
}

export function listBounds(values: SortedMap<string, unknown>, prefix: string): ListBounds {
  const bounds = { from: prefix, to: prefixSuccessor(prefix) };
  for (const [first] of values.entries(bounds)) {
    for (const [last] of values.entries(bounds, true)) {
      return { first: indexOf(prefix, first), next: indexOf(prefix, last) + 1 };
    }
  }
  return { first: 0, next: 0 };
}

/** Whether both are the same text or bytes; two absences are the same too. */
export function sameValue(a: StoredValue | undefined, b: StoredValue | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return a.content === b.content || (a.isBytes && a.equals(b));
}
