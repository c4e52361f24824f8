/** A list of the run's state as one executor sees it: items in order, own appends at the end. */
import { HoldfastError } from '../../../errors/index.ts';
import { itemPlace } from '../state/place.ts';
import type { ViewParts } from './view.ts';

export class StepList<T> {
  readonly #parts: ViewParts;
  readonly #prefix: string;

  constructor(parts: ViewParts, prefix: string) {
    this.#parts = parts;
    this.#prefix = prefix;
  }

  get length(): number {
    const { first, next } = this.#bounds();
    return next - first;
  }

  /**
   * Stages items for the end. Costs its items, not the list. Throws `invalid_value`.
   *
   * @example
   * await using run = await app.runs('talking').open('r1');
   * const step = run.step();
   * step.view('user').list('messages').append({ role: 'user', content: 'hello' });
   * await step.commit();
   * run.state.list('messages').length; // => 1
   */
  append(...items: readonly T[]): void {
    this.#parts.checkOpen();
    this.#parts.pending.append(this.#prefix, items);
  }

  /**
   * The item of a position, counted from the first item that is there; negative ones from the end.
   *
   * @example
   * await using run = await app.runs('talking').open('r1');
   * const messages = run.step().view('user').list('messages');
   * messages.append('a', 'b');
   * [messages.get(0), messages.get(-1), messages.get(2)]; // => ['a', 'b', undefined]
   */
  get(position: number): T | undefined {
    const { first, next } = this.#bounds();
    const index = position < 0 ? next + position : first + position;
    return index < first || index >= next ? undefined : this.#item(index);
  }

  /**
   * The items of the positions from ≤ i < to.
   *
   * @example
   * await using run = await app.runs('talking').open('r1');
   * const messages = run.step().view('user').list('messages');
   * messages.append('a', 'b', 'c');
   * messages.range(1); // => ['b', 'c']
   */
  range(from = 0, to = Infinity): T[] {
    const { first, next } = this.#bounds();
    const items: T[] = [];
    for (let index = first + from; index < Math.min(next, first + to); index += 1) {
      items.push(this.#item(index) as T);
    }
    return items;
  }

  /**
   * The newest `count` items, oldest first.
   *
   * @example
   * await using run = await app.runs('talking').open('r1');
   * const messages = run.step().view('user').list('messages');
   * messages.append('a', 'b', 'c');
   * messages.tail(2); // => ['b', 'c']
   */
  tail(count: number): T[] {
    return this.range(Math.max(0, this.length - count));
  }

  /**
   * Stages that only the newest `count` items stay; tells how many go.
   *
   * @example
   * await using run = await app.runs('talking').open('r1');
   * const messages = run.step().view('user').list('messages');
   * messages.append('a', 'b', 'c');
   * messages.keepLast(1); // => 2
   */
  keepLast(count: number): number {
    if (!Number.isSafeInteger(count) || count < 0) {
      const text = `keepLast takes a whole number, not ${count}`;
      throw new HoldfastError('invalid_argument', text, { details: { count } });
    }
    const dropped = Math.max(0, this.length - count);
    this.#parts.pending.dropFirst(this.#prefix, dropped);
    return dropped;
  }

  /**
   * Stages that the list is empty; what another executor appends in the same step is a conflict.
   *
   * @example
   * await using run = await app.runs('talking').open('r1');
   * const messages = run.step().view('user').list('messages');
   * messages.append('a');
   * messages.clear();
   * messages.length; // => 0
   */
  clear(): void {
    this.#parts.checkOpen();
    this.#parts.pending.clearList(this.#prefix);
  }

  #bounds(): { readonly first: number; readonly next: number } {
    this.#parts.checkOpen();
    return this.#parts.pending.listBounds(this.#prefix);
  }

  #item(index: number): T | undefined {
    const place = itemPlace(this.#prefix, index);
    return this.#parts.pending.listItem(this.#prefix, index, place)?.decode() as T | undefined;
  }
}
