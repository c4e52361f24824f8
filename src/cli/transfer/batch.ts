/**
 * What goes into a store in one commit, when many entries are moved.
 *
 * A large value goes without others, not on top of them: it may have all the room that a commit,
 * or a message to a server, has.
 */
import type { Ref } from '../../ledger/index.ts';

const entriesMax = 200;
const bytesMax = 1024 * 1024;

export class Batch<T extends Ref> {
  /** By address: of several for one entry the last one counts. */
  #items = new Map<string, T>();
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  /** Whether to commit it before a value of so many bytes is added. */
  isFullFor(bytes: number): boolean {
    return this.#items.size >= entriesMax || (!this.isEmpty && this.#bytes + bytes > bytesMax);
  }

  add(item: T, bytes: number): void {
    this.#items.set(`${item.scope}\0${item.key}`, item);
    this.#bytes += bytes;
  }

  /** Its items; it is empty afterwards. */
  take(): T[] {
    const items = [...this.#items.values()];
    this.#items = new Map();
    this.#bytes = 0;
    return items;
  }
}
