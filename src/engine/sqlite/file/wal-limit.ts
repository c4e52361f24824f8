/**
 * How long the WAL may get before a commit writes it back into the file: a share of the file.
 *
 * A large file is written to in many places, and a long WAL writes each of its pages back less
 * often. A small one would be kept as a WAL of many times its size.
 */
import type { DatabaseSync } from 'node:sqlite';

const shareOfFile = 1 / 8;
const pagesMin = 256;
const pagesMax = 4000;
/** Commits between two looks at the size of the file. */
const commitsPerLook = 64;

export class WalLimit {
  readonly #database: DatabaseSync;
  #pages = 0;
  #commitsLeft = commitsPerLook;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#look();
  }

  /** To be called outside of transactions, in which the limit cannot change. */
  committed(): void {
    this.#commitsLeft -= 1;
    if (this.#commitsLeft > 0) return;
    this.#commitsLeft = commitsPerLook;
    this.#look();
  }

  #look(): void {
    const count = Number(this.#database.prepare('PRAGMA page_count').get()?.['page_count']);
    const pages = Math.min(pagesMax, Math.max(pagesMin, Math.ceil(count * shareOfFile)));
    if (pages === this.#pages) return;
    this.#pages = pages;
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  }
}
