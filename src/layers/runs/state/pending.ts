/**
 * What one executor has written in a step so far, over the state that the step began with.
 *
 * P1. The executor sees its own writes, nobody else's.
 * P2. A write stays what the executor asked for (a value, operations, a removal), so that writes of
 *     several executors to one place can be merged or told apart.
 */
import { prefixSuccessor, compareText } from '../../../internal/text-order.ts';
import { SortedMap } from '../../../internal/sorted-map.ts';
import { applyOperations, checkOperations, limits, StoredValue } from '../../../ledger/index.ts';
import type { Operation } from '../../../ledger/index.ts';
import { HoldfastError } from '../../../errors/index.ts';
import { shownPlace } from './place.ts';
import type { ListBounds, StateSource } from './run-state.ts';

export type Write =
  | { readonly kind: 'set'; readonly value: StoredValue }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'update';
      readonly operations: readonly Operation[];
      /** What they make of `base`, which the step began with. */
      readonly value: StoredValue | undefined;
      readonly base: StoredValue | undefined;
    };

/** An executor's part in a list. */
export interface ListWrites {
  /** How many of the items that the step began with it dropped, from the front. */
  dropped: number;
  /** Whether it asked for the list to be empty. */
  cleared: boolean;
  appended: StoredValue[];
}

export class PendingWrites {
  readonly executor: string;
  readonly #start: StateSource;
  readonly #maxBytes: number;
  readonly #writes = new SortedMap<string, Write>(compareText);
  readonly #cleared = new Set<string>();
  readonly #lists = new Map<string, ListWrites>();
  #bytes = 0;

  constructor(executor: string, start: StateSource, maxBytes: number) {
    this.executor = executor;
    this.#start = start;
    this.#maxBytes = maxBytes;
  }

  get writes(): Iterable<readonly [string, Write]> {
    return this.#writes.entries();
  }

  /** Prefixes of the spaces that were cleared. */
  get cleared(): ReadonlySet<string> {
    return this.#cleared;
  }

  get lists(): ReadonlyMap<string, ListWrites> {
    return this.#lists;
  }

  writeTo(place: string): Write | undefined {
    return this.#writes.get(place);
  }

  read(place: string): StoredValue | undefined {
    const write = this.#writes.get(place);
    return write === undefined ? this.#start.get(place) : valueOf(write);
  }

  /** Places of a prefix that hold something, in order. */
  *places(prefix: string): Generator<string, void, undefined> {
    const own = [...this.#writes.entries({ from: prefix, to: prefixSuccessor(prefix) })];
    let next = 0;
    for (const place of this.#start.places(prefix)) {
      let pair = own[next];
      for (; pair !== undefined && compareText(pair[0], place) < 0; pair = own[next]) {
        if (valueOf(pair[1]) !== undefined) yield pair[0];
        next += 1;
      }
      if (pair?.[0] === place) next += 1;
      if (pair?.[0] !== place || valueOf(pair[1]) !== undefined) yield place;
    }
    for (const [place, write] of own.slice(next)) {
      if (valueOf(write) !== undefined) yield place;
    }
  }

  set(place: string, value: unknown): void {
    this.#put(place, { kind: 'set', value: StoredValue.of(value, limits.valueBytesMax) });
  }

  /** Tells whether something was there. */
  delete(place: string): boolean {
    const existed = this.read(place) !== undefined;
    // What the step began without needs no removal, unless others may write it.
    this.#put(place, { kind: 'delete' });
    return existed;
  }

  /** Throws `invalid_operation` and `operation_failed`; then nothing is staged. */
  update(place: string, operations: readonly Operation[]): void {
    const checked = checkOperations(operations);
    const before = this.#writes.get(place);
    const value = operated(place, this.read(place), checked);
    if (before === undefined || before.kind === 'update') {
      const all = [...(before?.operations ?? []), ...checked];
      const base = this.#start.get(place);
      this.#put(place, { kind: 'update', operations: all, value, base });
    } else {
      this.#put(place, value === undefined ? { kind: 'delete' } : { kind: 'set', value });
    }
  }

  /** Removes whatever starts with `prefix`; what another executor writes there is a conflict. */
  clear(prefix: string): void {
    // The writes change while they are walked, so the places are taken first.
    const places = Array.from(this.places(prefix));
    for (const place of places) this.#put(place, { kind: 'delete' });
    this.#cleared.add(prefix);
  }

  listBounds(prefix: string): ListBounds {
    const { first, next } = this.#start.bounds(prefix);
    const own = this.#lists.get(prefix);
    return { first: first + (own?.dropped ?? 0), next: next + (own?.appended.length ?? 0) };
  }

  /** The item that lies `index` behind those that the step began with, own ones included. */
  listItem(prefix: string, index: number, place: string): StoredValue | undefined {
    const { next } = this.#start.bounds(prefix);
    if (index < next) return this.#start.get(place);
    return this.#lists.get(prefix)?.appended[index - next];
  }

  append(prefix: string, items: readonly unknown[]): void {
    const stored = items.map((item) => StoredValue.of(item, limits.valueBytesMax));
    let bytes = 0;
    for (const { size } of stored) bytes += size;
    this.#grow(bytes, prefix);
    this.#listOf(prefix).appended.push(...stored);
  }

  dropFirst(prefix: string, count: number): void {
    const { first, next } = this.#start.bounds(prefix);
    const own = this.#listOf(prefix);
    const fromStart = Math.min(count, next - first - own.dropped);
    own.dropped += fromStart;
    own.appended.splice(0, count - fromStart);
  }

  clearList(prefix: string): void {
    const { first, next } = this.#start.bounds(prefix);
    const own = this.#listOf(prefix);
    own.dropped = next - first;
    own.appended = [];
    own.cleared = true;
  }

  #listOf(prefix: string): ListWrites {
    let own = this.#lists.get(prefix);
    if (own === undefined) {
      own = { dropped: 0, cleared: false, appended: [] };
      this.#lists.set(prefix, own);
    }
    return own;
  }

  #put(place: string, write: Write): void {
    const before = this.#writes.get(place);
    this.#grow(sizeOf(write) - sizeOf(before), place);
    this.#writes.set(place, write);
  }

  #grow(bytes: number, place: string): void {
    if (bytes > 0 && this.#bytes + bytes > this.#maxBytes) {
      const text = `executor '${this.executor}' writes more than ${this.#maxBytes} bytes in a step`;
      throw new HoldfastError('limit_exceeded', `${text} (maxStateBytes)`, {
        details: { executor: this.executor, limit: this.#maxBytes, place },
      });
    }
    this.#bytes += bytes;
  }
}

export function valueOf(write: Write): StoredValue | undefined {
  return write.kind === 'delete' ? undefined : write.value;
}

function sizeOf(write: Write | undefined): number {
  return (write && valueOf(write)?.size) ?? 0;
}

/** What checked operations make of a value; undefined is absence, in and out. */
export function operated(
  place: string,
  before: StoredValue | undefined,
  operations: readonly Operation[],
): StoredValue | undefined {
  if (before?.isBytes === true) {
    const text = `${shownPlace(place)} holds bytes; operations apply to JSON values only`;
    throw new HoldfastError('operation_failed', text, { details: { place, reason: 'bytes' } });
  }
  const result = applyOperations(before?.decode(), operations, { key: place });
  return result === undefined ? undefined : StoredValue.of(result, limits.valueBytesMax);
}
