/**
 * Writing the WAL back into the file, on a thread of its own: it takes up to tens of milliseconds,
 * in which the event loop has better to do.
 *
 * K1. A WAL that comes near its limit is written back while commits go on behind it. What they add
 *     meanwhile is written back while no process commits, so that the next commit begins the WAL
 *     anew. If it reaches the limit before, commits wait.
 * K2. The thread starts with the first WAL that is long enough. Until it runs, and where none is
 *     allowed, a commit writes back by itself, as SQLite does.
 * K3. A checkpoint only moves what is durable already: one that fails, or ends with its thread, has
 *     lost nothing and fails no commit.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Turns } from './turns.ts';
import { WalLimit } from './wal-limit.ts';

/** A look at the WAL costs as much as a statement. */
const commitsPerLook = 4;
/** When the thread begins, as a share of the limit. */
const beginsAt = 7 / 8;
/** How much of the WAL may be left for the moment in which commits wait. */
const restPages = 32;
const roundsMax = 3;
/** How long it waits for a moment in which no other process commits. */
const waitMs = 10;

const thread = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(workerData.file, { timeout: workerData.waitMs });
const modes = { PASSIVE: '', FULL: '' };
for (const mode in modes) modes[mode] = database.prepare('PRAGMA wal_checkpoint(' + mode + ')');
parentPort.on('message', (mode) => {
  try {
    modes[mode].get();
  } catch {
    // The WAL is as long as before, which is noticed.
  }
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
`;

export class Checkpointer {
  readonly #path: string;
  readonly #turns: Turns;
  readonly #limit: WalLimit;
  readonly #look: StatementSync;
  readonly #checkpoint: StatementSync;
  #commitsLeft = commitsPerLook;
  #thread: 'none' | 'starting' | 'idle' | 'at work' | 'gone' = 'none';
  #worker: Worker | undefined;
  #answered: () => void = () => undefined;
  /** Until when commits go on, once they are asked to wait. */
  #turn: Promise<void> | undefined;

  constructor(database: DatabaseSync, path: string, turns: Turns) {
    database.exec('PRAGMA wal_autocheckpoint = 0');
    this.#path = path;
    this.#turns = turns;
    this.#limit = new WalLimit(database);
    this.#look = database.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.#look.setReturnArrays(true);
    this.#checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** To be called after each commit, outside of transactions. Throws nothing. */
  committed(): void {
    this.#commitsLeft -= 1;
    if (this.#commitsLeft > 0) return;
    this.#commitsLeft = commitsPerLook;
    try {
      this.#keepBounded();
    } catch {
      // No room in the file, or no threads here: the next look tries again.
    }
  }

  /** To be called in a turn of its own. A checkpoint that is under way ends first. */
  async close(): Promise<void> {
    this.#thread = 'gone';
    await this.#worker?.terminate();
  }

  #keepBounded(): void {
    const { pages, rest } = this.#wal();
    const limit = this.#limit.pages();
    if (pages < limit * beginsAt || rest === 0) return;
    if (this.#thread === 'none') this.#start();
    if (this.#thread === 'idle') void this.#writeBack();
    if (pages < limit) return;
    if (this.#thread === 'at work') void this.#pauseCommits();
    else this.#checkpoint.get();
  }

  async #writeBack(): Promise<void> {
    this.#thread = 'at work';
    // A commit that waits for the end of this must not find the process gone.
    this.#worker?.ref();
    for (let round = 0; round < roundsMax && this.#turn === undefined; round += 1) {
      await this.#ask('PASSIVE');
      if (!this.#isAtWork() || this.#wal().rest <= restPages) break;
    }
    await this.#pauseCommits();
    await this.#ask('FULL');
    this.#turn = undefined;
    this.#turns.end();
    this.#worker?.unref();
    if (this.#isAtWork()) this.#thread = 'idle';
  }

  #pauseCommits(): Promise<void> {
    this.#turn ??= Promise.resolve(this.#turns.take());
    return this.#turn;
  }

  /** Resolves when the thread has done a round, or is gone. */
  #ask(mode: 'PASSIVE' | 'FULL'): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      if (this.#isAtWork()) this.#worker?.postMessage(mode);
      else resolve();
    });
  }

  #isAtWork(): boolean {
    return this.#thread === 'at work';
  }

  #start(): void {
    this.#thread = 'gone';
    const workerData = { file: `${pathToFileURL(this.#path).href}?mode=rw`, waitMs };
    const worker = new Worker(thread, { eval: true, workerData, execArgv: [] });
    this.#worker = worker;
    this.#thread = 'starting';
    worker.unref();
    worker.on('message', (message) => {
      if (message === 'done') this.#answered();
      else if (this.#thread === 'starting') this.#thread = 'idle';
    });
    // Its end follows.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#thread = 'gone';
      this.#answered();
    });
  }

  /** Its pages, and how many of them are not in the file yet. */
  #wal(): { readonly pages: number; readonly rest: number } {
    try {
      const [, pages, written] = this.#look.get() as unknown as [number, number, number];
      return { pages, rest: pages - written };
    } catch {
      // Whatever is wrong with the file, the next commit will say so.
      return { pages: 0, rest: 0 };
    }
  }
}
