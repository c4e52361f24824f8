/**
 * A structured state as a handler works with it: entries and lists, in memory, at once.
 *
 * Nothing of it reaches the session until the turn is committed; a handler that throws leaves no
 * trace. Values are fresh copies. What it costs to ship follows what changed: a field of a large
 * value, an item of a list.
 *
 * In the examples `state` is `turn.state`.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { compareText } from '../../../internal/text-order.ts';
import { applyOperations, checkOperations, limits, StoredValue } from '../../../ledger/index.ts';
import type { Operation } from '../../../ledger/index.ts';
import type { Change } from './change.ts';
import { changeBetween } from './difference.ts';
import type { EntriesState } from './entries-state.ts';
import { SessionList } from './session-list.ts';

interface Staged {
  readonly value: StoredValue | undefined;
  /** What the handler itself said, if it said nothing else. */
  readonly operations: readonly Operation[] | undefined;
}

export class SessionState {
  readonly #state: EntriesState;
  readonly #staged = new Map<string, Staged>();
  #ended = false;

  constructor(state: EntriesState) {
    this.#state = state;
  }

  /**
   * A fresh copy of a value with what this turn wrote, or `fallback`. Throws `closed` once the turn
   * is over, as every call does.
   *
   * @example
   * state.set('mood', 'calm');
   * state.get('mood'); // => 'calm'
   * state.get('name', 'nobody'); // => 'nobody'
   */
  get<T = unknown>(key: string): T | undefined;
  get<T>(key: string, fallback: T): T;
  get(key: string, fallback?: unknown): unknown {
    const value = this.#see(key);
    return value === undefined ? fallback : value.decode();
  }

  /**
   * Whether there is an entry: one that is `null` is there.
   *
   * @example
   * state.set('mood', null);
   * state.has('mood'); // => true
   * state.has('name'); // => false
   */
  has(key: string): boolean {
    return this.#see(key) !== undefined;
  }

  /**
   * Writes a value: JSON or bytes, copied as it is now. What is shipped of it is what differs from
   * the value before. Throws `invalid_value`, `invalid_name`, `limit_exceeded`.
   *
   * @example
   * state.set('user', { name: 'Ada', visits: 1 });
   * state.get('user'); // => { name: 'Ada', visits: 1 }
   */
  set(key: string, value: unknown): void {
    checkKey(key);
    const stored = StoredValue.of(value, limits.valueBytesMax);
    this.#stage(key, { value: stored, operations: undefined });
  }

  /**
   * Takes an entry away. Whether there was one.
   *
   * @example
   * state.set('mood', 'calm');
   * state.delete('mood'); // => true
   * state.delete('mood'); // => false
   */
  delete(key: string): boolean {
    const existed = this.has(key);
    if (existed) this.#stage(key, { value: undefined, operations: undefined });
    return existed;
  }

  /**
   * Changes a part of a value: the operations of a scope's `update`, on what is not there too.
   * Ships the operations, if they are shorter than what they do. Throws `invalid_operation`,
   * `operation_failed`, `invalid_name`, `limit_exceeded`.
   *
   * @example
   * state.update('visits', [{ op: 'increment', by: 2 }]);
   * state.update('visits', [{ op: 'increment' }]);
   * state.get('visits'); // => 3
   */
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

  /**
   * The keys that start with `prefix`, in the order of their bytes. Items of lists have keys, too.
   *
   * @example
   * state.set('user/bob', 1);
   * state.set('user/ada', 1);
   * state.keys('user/'); // => ['user/ada', 'user/bob']
   */
  keys(prefix = ''): readonly string[] {
    const found = Array.from(this.#state.entries(prefix), ([key]) => key);
    const stored = found.filter((key) => !this.#staged.has(key));
    const own = [...this.#staged].filter(([key, { value }]) => {
      return value !== undefined && key.startsWith(prefix);
    });
    if (own.length === 0) return stored;
    return [...stored, ...own.map(([key]) => key)].sort(compareText);
  }

  /**
   * The entries whose keys start with `prefix`, in the order of their keys.
   *
   * @example
   * state.set('user/ada', 1);
   * state.set('team/core', 2);
   * state.entries('user/'); // => [['user/ada', 1]]
   */
  entries<T = unknown>(prefix = ''): readonly (readonly [string, T])[] {
    return this.keys(prefix).map((key) => [key, this.get<T>(key) as T] as const);
  }

  /**
   * A list of the session. It is there once something was appended.
   *
   * @example
   * state.list<string>('messages').append('hello');
   * state.list('messages').items(); // => ['hello']
   */
  list<T = unknown>(name: string): SessionList<T> {
    return new SessionList<T>(this, name, `${name}/`);
  }

  /** Of lists: the greatest key with the prefix. @internal */
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

  /** Of the layer: what the handler changed. Every later call throws `closed`. @internal */
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
