/**
 * One connection to a store file: its prepared statements, its transactions, and waiting for
 * others.
 *
 * N1. Nothing here waits in SQLite: `busy_timeout` is 0, and who finds the file locked sleeps on
 *     the clock and tries again, so that the event loop stays free.
 * N2. Writers of this process take turns, in the order in which they came. What runs between BEGIN
 *     and COMMIT is synchronous, so no reader of this process ever meets an open transaction.
 * N3. Whatever throws between BEGIN and COMMIT is rolled back before it comes out.
 * N4. While others write too, a burst of commits is followed by a gap, in which they can begin.
 *
 * Not here: what the statements mean.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { HoldfastError } from '../../../errors/index.ts';
import type { Clock } from '../../../internal/clock.ts';
import type { Random } from '../../../internal/random.ts';
import type { Durability } from '../../transaction.ts';
import { Checkpointer } from './checkpointer.ts';
import { CommitFailure, explainFailure, fromSqlite, isBusy } from './errors.ts';
import { Turns } from './turns.ts';

export type Row = readonly (null | number | bigint | string | Uint8Array)[];

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly busyTimeoutMs: number;
  readonly readOnly: boolean;
}

export class Connection {
  readonly path: string;
  readonly options: ConnectionOptions;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #begin: StatementSync;
  readonly #beginImmediate: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #turns = new Turns();
  readonly #checkpointer: Checkpointer | undefined;
  #durability: Durability = 'sync';
  #seenVersion = -1;
  #neighbourUntil = -Infinity;
  #burstUntil = -Infinity;

  constructor(database: DatabaseSync, path: string, options: ConnectionOptions) {
    this.path = path;
    this.options = options;
    this.#database = database;
    this.#begin = database.prepare('BEGIN');
    this.#beginImmediate = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
    this.#dataVersion = this.statement('PRAGMA data_version');
    if (!options.readOnly) this.#checkpointer = new Checkpointer(database, path, this.#turns);
  }

  /** A statement that yields rows as arrays; prepared once. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#database.prepare(sql);
    prepared.setReturnArrays(true);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.statement(sql).all(...values) as unknown as Row[];
  }

  first(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.statement(sql).get(...values) as unknown as Row | undefined;
  }

  /**
   * Runs a statement that yields nothing. `get` builds no object that tells what was changed, which
   * is a fifth of a small write. BEGIN and COMMIT are run in the same way.
   */
  run(sql: string, ...values: SQLInputValue[]): void {
    this.statement(sql).get(...values);
  }

  /** Runs statements that are not worth keeping. */
  execute(sql: string): void {
    this.#database.exec(sql);
  }

  /**
   * A number that moves when another connection has committed. What was read before and was not
   * written through this connection still holds while the number stands.
   */
  dataVersion(): number {
    const version = (this.#dataVersion.get() as unknown as [number])[0];
    if (version !== this.#seenVersion) {
      if (this.#seenVersion !== -1) {
        this.#neighbourUntil = this.options.clock.monotonic() + neighbourMs;
      }
      this.#seenVersion = version;
    }
    return version;
  }

  /** Runs `body` on one moment of the file. */
  snapshot<T>(body: () => T): T {
    this.#begin.get();
    try {
      const result = body();
      this.#commit.get();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Runs a synchronous read, again and again while others lock the file. */
  async reading<T>(body: () => T): Promise<T> {
    try {
      return body();
    } catch (error) {
      if (!isBusy(error)) throw fromSqlite(error, this.path);
    }
    try {
      return await this.#patiently(body);
    } catch (error) {
      throw fromSqlite(error, this.path);
    }
  }

  /**
   * Runs `body` in a write transaction of its own; if it returns undefined, nothing is committed.
   * `committed` follows COMMIT without a pause: no reader comes between what is in the file and
   * what is known of it. Errors come out as SQLite's own, a COMMIT that fails as `CommitFailure`.
   */
  async writing<T>(
    durability: Durability,
    body: () => T | undefined,
    committed?: (result: T) => void,
  ): Promise<T | undefined> {
    const write = (): T | undefined => {
      this.#synchronous(durability);
      this.#beginImmediate.get();
      const result = this.#write(body);
      if (result !== undefined) {
        committed?.(result);
        this.#checkpointer?.committed();
      }
      return result;
    };
    const turn = this.#turns.take();
    if (turn !== undefined) await turn;
    try {
      if (this.#isBurstOver()) await this.#yieldToNeighbours();
      try {
        return write();
      } catch (error) {
        if (!isBusy(error)) throw error;
        this.#neighbourUntil = this.options.clock.monotonic() + neighbourMs;
      }
      return await this.#patiently(write);
    } finally {
      this.#turns.end();
    }
  }

  /** `writing` for whoever need not know how a COMMIT failed. */
  async update<T>(
    durability: Durability,
    body: () => T | undefined,
    committed?: (result: T) => void,
  ): Promise<T | undefined> {
    try {
      return await this.writing(durability, body, committed);
    } catch (error) {
      const cause = error instanceof CommitFailure ? error.cause : error;
      throw await explainFailure(cause, this.path);
    }
  }

  /** Runs `body` between two writers, outside of a transaction. */
  async alone<T>(body: () => T | Promise<T>): Promise<T> {
    await this.#turns.take();
    try {
      return await body();
    } catch (error) {
      throw fromSqlite(error, this.path);
    } finally {
      this.#turns.end();
    }
  }

  /**
   * Whoever waits for a turn has had it by then. `last` is committed if it returns true; it and
   * the writing back of the WAL are left to others if they cannot be done at once.
   */
  async close(last: () => boolean): Promise<void> {
    await this.#turns.take();
    try {
      await this.#checkpointer?.close();
      if (this.options.readOnly) return;
      this.#synchronous('relaxed');
      this.#beginImmediate.get();
      this.#write(() => last() || undefined);
      // The last one to close writes the WAL back and removes it; anyone else does it halfway.
      this.execute('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // Busy, or no room: what was committed stays in the WAL, where the next one to open finds it.
    } finally {
      this.#statements.clear();
      this.#database.close();
      this.#turns.end();
    }
  }

  #write<T>(body: () => T | undefined): T | undefined {
    let result: T | undefined;
    try {
      result = body();
      if (result === undefined) {
        this.#rollBack();
        return undefined;
      }
    } catch (error) {
      this.#rollBack();
      throw error;
    }
    try {
      this.#commit.get();
    } catch (error) {
      this.#rollBack();
      throw new CommitFailure(error);
    }
    return result;
  }

  /** SQLite has rolled back by itself after some failures. */
  #rollBack(): void {
    if (this.#database.isTransaction) this.#rollback.get();
  }

  /** The level cannot change within a transaction, and is set only where it differs. */
  #synchronous(durability: Durability): void {
    if (durability === this.#durability) return;
    this.execute(`PRAGMA synchronous = ${durability === 'sync' ? 'FULL' : 'NORMAL'}`);
    this.#durability = durability;
  }

  async #patiently<T>(body: () => T): Promise<T> {
    const { clock, random, busyTimeoutMs } = this.options;
    const deadline = clock.monotonic() + busyTimeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return body();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (clock.monotonic() >= deadline) throw this.#busy(error);
      }
      const remainingMs = Math.max(0, deadline - clock.monotonic());
      const delayMs = Math.min(retryMsMax, retryMsMin * 1.2 ** attempt) * (0.5 + random.float());
      await clock.sleep(Math.min(remainingMs, delayMs));
    }
  }

  #busy(cause: unknown): HoldfastError {
    const { busyTimeoutMs } = this.options;
    const message = `others kept ${this.path} locked for ${busyTimeoutMs} ms; try again`;
    return new HoldfastError('busy', message, {
      details: { path: this.path, busyTimeoutMs },
      cause,
    });
  }

  /** Whether others write too, and a burst is over. */
  #isBurstOver(): boolean {
    const now = this.options.clock.monotonic();
    return now < this.#neighbourUntil && now >= this.#burstUntil;
  }

  /** Others can only begin while this process does not write: after a burst it lets them. */
  async #yieldToNeighbours(): Promise<void> {
    const { clock, random } = this.options;
    await clock.sleep(gapMs * random.float());
    this.#burstUntil = clock.monotonic() + burstMs;
  }
}

/** Others count as present for this long after their last commit was seen. */
const neighbourMs = 200;
/**
 * How long a process goes on writing before it leaves others a gap, and how long that is at most.
 * Without bursts three processes commit a fifth less; after 6 ms the slowest falls to half.
 */
const burstMs = 3;
const gapMs = 2;
const retryMsMin = 1;
const retryMsMax = 10;
