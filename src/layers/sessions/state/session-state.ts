/**
 * A structured state as a handler works with it: entries and lists, in memory, at once.
 *
 * Nothing of it reaches the session until the turn is committed; a handler that throws leaves no
 * trace. Values are fresh copies. What it costs to ship follows what changed: a field of a large
 * value, an item of a list.
 *
 * A list `NAME` is the entries `NAME/0000000000000042`, so that an item costs itself alone.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { compareText } from '../../../internal/text-order.ts';
import { applyOperations, checkOperations, limits, StoredValue } from '../../../ledger/index.ts';
import type { Operation } from '../../../ledger/index.ts';
import type { Change } from './change.ts';
import { changeBetween } from './difference.ts';
import type { EntriesState } from './entries-state.ts';

interface Staged {
  readonly value: StoredValue | undefined;
  /** What the handler itself said, if it said nothing else. */
  readonly operations: readonly Operation[] | undefined;
}

const indexDigits = 16;

export class SessionState {
  readonly #state: EntriesState;
  readonly #staged = new Map<string, Staged>();
  #ended = false;

  constructor(state: EntriesState) {
    this.#state = state;
  }

  get<T = unknown>(key: string): T | undefined;
  get<T>(key: string, fallback: T): T;
  get(key: string, fallback?: unknown): unknown {
    const value = this.#see(key);
    return value === undefined ? fallback : value.decode();
  }

  has(key: string): boolean {
    return this.#see(key) !== undefined;
  }

  /** Throws `invalid_value`, `invalid_name`, `limit_exceeded`. */
  set(key: string, value: unknown): void {
    checkKey(key);
    const stored = StoredValue.of(value, limits.valueBytesMax);
    this.#stage(key, { value: stored, operations: undefined });
  }

  /** Whether there was an entry. */
  delete(key: string): boolean {
    const existed = this.has(key);
    if (existed) this.#stage(key, { value: undefined, operations: undefined });
    return existed;
  }

  /** Changes a part of a value: the operations of a scope's `update`. */
  update(key: string, operations: readonly Operation[]): void {
    checkKey(key);
    const checked = checkOperations(operations);
    const value = applyOperations(this.#see(key)?.decode(), checked, { key });
    const before = this.#staged.get(key);
    const said =
      before === undefined ? checked : before.operations && [...before.operations, ...checked];
    const fits = said !== undefined && said.length <= limits.operationsPerUpdate;
    this.#stage(key, {
      value: value === undefined ? undefined : StoredValue.of(value, limits.valueBytesMax),
      operations: fits ? said : undefined,
    });
  }

  /** The keys that start with `prefix`, in the order of their bytes. */
  keys(prefix = ''): readonly string[] {
    const found = Array.from(this.#state.entries(prefix), ([key]) => key);
    const stored = found.filter((key) => !this.#staged.has(key));
    const own = [...this.#staged].filter(([key, { value }]) => {
      return value !== undefined && key.startsWith(prefix);
    });
    if (own.length === 0) return stored;
    return [...stored, ...own.map(([key]) => key)].sort(compareText);
  }

  entries<T = unknown>(prefix = ''): readonly (readonly [string, T])[] {
    return this.keys(prefix).map((key) => [key, this.get<T>(key) as T] as const);
  }

  list<T = unknown>(name: string): SessionList<T> {
    return new SessionList<T>(this, name, `${name}/`);
  }

  /** Of the layer: the greatest key with the prefix. */
  lastKey(prefix: string): string | undefined {
    let last: string | undefined;
    for (const [key] of this.#state.entries(prefix, true)) {
      if (this.#see(key) === undefined) continue;
      last = key;
      break;
    }
    for (const [key, { value }] of this.#staged) {
      if (value === undefined || !key.startsWith(prefix)) continue;
      if (last === undefined || compareText(key, last) > 0) last = key;
    }
    return last;
  }

  /** Of the layer: what the handler changed. Every later call throws `closed`. */
  finish(): readonly Change[] {
    const changes: Change[] = [];
    for (const [key, { value, operations }] of this.#staged) {
      const before = this.#state.get(key);
      const change = changeBetween(key, before, value);
      if (change !== undefined) changes.push(shorter(change, operations));
    }
    this.#ended = true;
    return changes;
  }

  #see(key: string): StoredValue | undefined {
    this.#checkOpen();
    const staged = this.#staged.get(key);
    return staged === undefined ? this.#state.get(key) : staged.value;
  }

  #stage(key: string, staged: Staged): void {
    this.#checkOpen();
    this.#staged.set(key, staged);
  }

  #checkOpen(): void {
    if (this.#ended) throw new HoldfastError('closed', 'the turn that this state was of is over');
  }
}

/** A list within a structured state: append-only, and it costs what is appended. */
export class SessionList<T = unknown> {
  readonly name: string;
  readonly #state: SessionState;
  readonly #prefix: string;

  constructor(state: SessionState, name: string, prefix: string) {
    this.name = name;
    this.#state = state;
    this.#prefix = prefix;
  }

  get length(): number {
    const last = this.#state.lastKey(this.#prefix);
    return last === undefined ? 0 : Number(last.slice(this.#prefix.length)) + 1;
  }

  append(...items: readonly T[]): void {
    const from = this.length;
    for (const [offset, item] of items.entries()) this.#state.set(this.#key(from + offset), item);
  }

  /** A negative index counts from the end. */
  get(index: number): T | undefined {
    const wanted = index < 0 ? this.length + index : index;
    return wanted < 0 ? undefined : this.#state.get<T>(this.#key(wanted));
  }

  /** The newest `count` items, oldest first. */
  tail(count: number): readonly T[] {
    const { length } = this;
    return this.#range(Math.max(0, length - count), length);
  }

  items(): readonly T[] {
    return this.#range(0, this.length);
  }

  /** Drops the items from `length` on. */
  truncate(length: number): void {
    for (let index = this.length - 1; index >= length; index -= 1) {
      this.#state.delete(this.#key(index));
    }
  }

  #range(from: number, to: number): readonly T[] {
    const items: T[] = [];
    for (let index = from; index < to; index += 1) {
      const key = this.#key(index);
      if (this.#state.has(key)) items.push(this.#state.get<T>(key) as T);
    }
    return items;
  }

  #key(index: number): string {
    return this.#prefix + String(index).padStart(indexDigits, '0');
  }
}

/** What the handler said, if that is shorter than what was found by comparing. */
function shorter(change: Change, operations: readonly Operation[] | undefined): Change {
  if (operations === undefined || change.kind === 'delete') return change;
  const said: Change = { key: change.key, kind: 'update', operations };
  return weight(said) < weight(change) ? said : change;
}

function weight(change: Change): number {
  if (change.kind === 'update') return JSON.stringify(change.operations).length;
  return change.kind === 'set' ? change.value.content.length : 0;
}

function checkKey(key: unknown): void {
  if (typeof key === 'string' && key !== '') return;
  throw new HoldfastError('invalid_name', 'a key of a session is text, and not empty');
}
