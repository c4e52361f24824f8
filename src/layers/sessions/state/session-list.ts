/**
 * A list within a structured state: append-only, and it costs what is appended.
 *
 * A list `NAME` is the entries `NAME/0000000000000042`, so that an item costs itself alone. What is
 * done to it is in the session once the turn is committed. In the examples `state` is `turn.state`.
 */
import type { SessionState } from './session-state.ts';

const indexDigits = 16;

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

  /**
   * Adds items at the end. Throws `invalid_value`, `limit_exceeded`; those before it are appended
   * then.
   *
   * @example
   * const messages = state.list<string>('messages');
   * messages.append('hello', 'world');
   * messages.length; // => 2
   */
  append(...items: readonly T[]): void {
    const from = this.length;
    for (const [offset, item] of items.entries()) this.#state.set(this.#key(from + offset), item);
  }

  /**
   * An item, undefined if there is none. A negative index counts from the end.
   *
   * @example
   * const messages = state.list<string>('messages');
   * messages.append('hello', 'world');
   * messages.get(0); // => 'hello'
   * messages.get(-1); // => 'world'
   */
  get(index: number): T | undefined {
    const wanted = index < 0 ? this.length + index : index;
    return wanted < 0 ? undefined : this.#state.get<T>(this.#key(wanted));
  }

  /**
   * The newest `count` items, oldest first. Costs what it gives, not the list.
   *
   * @example
   * const messages = state.list<string>('messages');
   * messages.append('one', 'two', 'three');
   * messages.tail(2); // => ['two', 'three']
   */
  tail(count: number): readonly T[] {
    const { length } = this;
    return this.#range(Math.max(0, length - count), length);
  }

  /**
   * All items, oldest first.
   *
   * @example
   * const messages = state.list<string>('messages');
   * messages.append('one', 'two');
   * messages.items(); // => ['one', 'two']
   */
  items(): readonly T[] {
    return this.#range(0, this.length);
  }

  /**
   * Drops the items from `length` on: to take back what was said last.
   *
   * @example
   * const messages = state.list<string>('messages');
   * messages.append('one', 'two', 'three');
   * messages.truncate(1);
   * messages.items(); // => ['one']
   */
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
