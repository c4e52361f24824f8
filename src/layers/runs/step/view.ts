/**
 * The state as one executor sees it during a step, and how it writes to it. Synchronous.
 *
 * V1. It reads the state that the step began with and its own pending writes, never another's.
 * V2. Nothing it writes is seen by anyone before the step's commit, or ever if there is none.
 * V3. Values never alias: what comes out is a fresh copy, what goes in is copied.
 * V4. A default replaces absence only: a stored null is a value, a key deleted here is absent.
 * V5. Once the step is over, every call throws `closed`.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Operation } from '../../../ledger/index.ts';
import type { PendingWrites } from '../state/pending.ts';
import {
  checkListName,
  checkStateKey,
  keysPrefix,
  listPrefix,
  listsPrefix,
} from '../state/place.ts';
import type { Space } from '../state/place.ts';
import type { AppWrites } from './app-writes.ts';
import { StepList } from './step-list.ts';

export interface ViewParts {
  readonly pending: PendingWrites;
  /** Throws `closed` once the step is over. */
  checkOpen(): void;
}

/** One space of keys and lists: the shared state, or what one executor keeps for itself. */
export class StateSpace {
  readonly #parts: ViewParts;
  readonly #space: Space;
  readonly #prefix: string;

  constructor(parts: ViewParts, space: Space) {
    this.#parts = parts;
    this.#space = space;
    this.#prefix = keysPrefix(space);
  }

  /**
   * The value of a key, or `fallback` (undefined if left out) where there is none.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const view = run.step().view('counter');
   * view.set('n', 1);
   * view.get('n', 0); // => 1
   * view.get('m', 0); // => 0
   */
  get<T = unknown>(key: string): T | undefined;
  get<T = unknown>(key: string, fallback: T): T;
  get(key: string, fallback?: unknown): unknown {
    const value = this.#pending.read(this.#place(key));
    return value === undefined ? fallback : value.decode();
  }

  /**
   * Whether the key has a value.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const view = run.step().view('counter');
   * view.set('n', null);
   * view.has('n'); // => true
   */
  has(key: string): boolean {
    return this.#pending.read(this.#place(key)) !== undefined;
  }

  /**
   * Stages a value: JSON or bytes. Throws `invalid_value`, `invalid_name`, `limit_exceeded`.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').set('n', 1);
   * await step.commit();
   * run.state.get('n'); // => 1
   */
  set(key: string, value: unknown): void {
    this.#pending.set(this.#place(key), value);
  }

  /**
   * Stages the removal of a key. Tells whether there was one; a miss is no error.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const view = run.step().view('counter');
   * view.delete('n'); // => false
   */
  delete(key: string): boolean {
    return this.#pending.delete(this.#place(key));
  }

  /**
   * Stages operations. Those of several executors on one key merge if their order does not matter.
   * Throws `invalid_operation`, and `operation_failed` if one does not apply.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('a').update('n', [{ op: 'increment' }]);
   * step.view('b').update('n', [{ op: 'increment', by: 2 }]);
   * await step.commit();
   * run.state.get('n'); // => 3
   */
  update(key: string, operations: readonly Operation[]): void {
    this.#pending.update(this.#place(key), operations);
  }

  /**
   * Stages the removal of every key of this space; lists stay.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const view = run.step().view('counter');
   * view.set('n', 1);
   * view.clear();
   * view.keys(); // => []
   */
  clear(): void {
    this.#parts.checkOpen();
    this.#pending.clear(this.#prefix);
  }

  /**
   * The keys that have a value, in the order of their UTF-8 bytes.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const view = run.step().view('counter');
   * view.set('b', 1);
   * view.set('a', 2);
   * view.keys(); // => ['a', 'b']
   */
  keys(prefix = ''): string[] {
    this.#parts.checkOpen();
    const places = this.#pending.places(this.#prefix + prefix);
    return Array.from(places, (place) => place.slice(this.#prefix.length));
  }

  /**
   * A list: what several executors append in one step stands one after the other, in the order in
   * which the step names them.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const view = run.step().view('counter');
   * view.list('messages').append('hello', 'world');
   * view.list('messages').range(); // => ['hello', 'world']
   */
  list<T = unknown>(name: string): StepList<T> {
    checkListName(name);
    return new StepList<T>(this.#parts, listPrefix(this.#space, name));
  }

  /** A list of a layer, whose name starts with `$`. @internal */
  reservedList<T>(name: string): StepList<T> {
    return new StepList<T>(this.#parts, `${listsPrefix(this.#space)}${name}/`);
  }

  get #pending(): PendingWrites {
    return this.#parts.pending;
  }

  #place(key: string): string {
    this.#parts.checkOpen();
    checkStateKey(key);
    return this.#prefix + key;
  }
}

/**
 * An executor's view: the shared state, `private` for what this executor alone sees, and `app` for
 * writes to the app that are committed with the step.
 */
export class StepView extends StateSpace {
  readonly executor: string;
  readonly private: StateSpace;
  readonly app: AppWrites;

  constructor(parts: ViewParts, app: AppWrites) {
    super(parts, undefined);
    this.executor = parts.pending.executor;
    this.app = app;
    this.private = new StateSpace(parts, this.executor);
  }
}

export function stepOver(): HoldfastError {
  return new HoldfastError('closed', 'the step is over; use its views only while it is open');
}
