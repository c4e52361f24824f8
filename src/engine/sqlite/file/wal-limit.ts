/**
 * How long the WAL may get before it is written back into the file: a share of the file.
 *
 * A large file is written to in many places, and a long WAL writes each of its pages back less
 * often. A small one would be kept as a WAL of many times its size.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

const shareOfFile = 1 / 8;
const pagesMin = 256;
const pagesMax = 4000;
/** Looks between two looks at the size of the file. */
const looksPerSize = 8;

export class WalLimit {
  readonly #pageCount: StatementSync;
  #pages = pagesMin;
  #looksLeft = 0;

  constructor(database: DatabaseSync) {
    this.#pageCount = database.prepare('PRAGMA page_count');
  }

  /** As the file is now, or was a few looks ago. */
  pages(): number {
    this.#looksLeft -= 1;
    if (this.#looksLeft > 0) return this.#pages;
    this.#looksLeft = looksPerSize;
    const count = Number(this.#pageCount.get()?.['page_count']);
    this.#pages = Math.min(pagesMax, Math.max(pagesMin, Math.ceil(count * shareOfFile)));
    return this.#pages;
  }
}
