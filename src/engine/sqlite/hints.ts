/**
 * Telling listeners that a head may have moved: after this process's commits, and after those of
 * others as far as they can be noticed.
 *
 * H1. Listeners run after the call that moved a head, one by one: none can delay or fail a commit,
 *     or keep the next one from hearing of it.
 * H2. The file is watched only while somebody listens. A change of the WAL is the signal and a
 *     slow look at `data_version` the safety net; both only lead to comparing heads.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Timer } from '../../internal/clock.ts';
import type { Connection } from './file/connection.ts';
import { lastLogRow, revisionOf } from './tail.ts';

type Listener = (ledger: string) => void;

/** How often `data_version` is looked at: with a watcher at work, and without one. */
const pollMs = 2000;
const pollUnwatchedMs = 100;

export class Hints {
  readonly #connection: Connection;
  readonly #listeners = new Set<{ readonly call: Listener }>();
  /** The revisions that were hinted, while somebody listens. */
  readonly #heads = new Map<string, number>();
  #watcher: FSWatcher | undefined;
  #timer: Timer | undefined;
  #seenVersion = -1;
  #isLooking = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The same function may listen twice; each subscription ends by itself. */
  subscribe(listener: Listener): () => void {
    const subscription = { call: listener };
    this.#listeners.add(subscription);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      if (this.#listeners.delete(subscription) && this.#listeners.size === 0) this.#stop();
    };
  }

  /** A commit of this process. */
  publish(ledger: string, revision: number): void {
    if (this.#listeners.size === 0) return;
    this.#heads.set(ledger, revision);
    for (const subscription of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(subscription)) subscription.call(ledger);
      });
    }
  }

  close(): void {
    this.#listeners.clear();
    this.#stop();
  }

  #start(): void {
    for (const [name, revision] of this.#read()) this.#heads.set(name, revision);
    const file = `${basename(this.#connection.path)}-wal`;
    try {
      const folder = dirname(this.#connection.path);
      this.#watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name === null || name === file) this.#look();
      });
      this.#watcher.on('error', () => this.#unwatch());
    } catch {
      // Too many watches, or a file system without them: the slow look goes faster instead.
      this.#watcher = undefined;
    }
    this.#poll();
  }

  #stop(): void {
    this.#unwatch();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#heads.clear();
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #poll(): void {
    const delayMs = this.#watcher === undefined ? pollUnwatchedMs : pollMs;
    this.#timer = this.#connection.options.clock.after(delayMs, () => {
      this.#look();
      this.#poll();
    });
  }

  /** Once for all signals that are ready: a commit is many writes to the WAL. */
  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#connection.options.clock.soon(() => {
      this.#isLooking = false;
      if (this.#listeners.size > 0) this.#compare();
    });
  }

  #compare(): void {
    for (const [name, revision] of this.#read()) {
      if (this.#heads.get(name) !== revision) this.publish(name, revision);
    }
  }

  /** The heads, if another process has committed since the last look. */
  #read(): [string, number][] {
    try {
      const version = this.#connection.dataVersion();
      if (version === this.#seenVersion) return [];
      const rows = this.#connection.all(
        `SELECT ledger.name, coalesce(${revisionOf(lastLogRow('ledger.id', 'revision'))}, revision)
         FROM ledger JOIN scope AS head ON head.ledger = ledger.id
         WHERE head.name = '' AND revision > 0`,
      );
      this.#seenVersion = version;
      return rows.map(([name, revision]) => [name as string, revision as number]);
    } catch {
      // A hint may be lost (E4); whatever is wrong with the file, the next call will say so.
      return [];
    }
  }
}
