/**
 * The SQLite engine: a store in one file, with several processes on it if need be.
 *
 * Every call is synchronous work on one connection (`file/connection.ts`); promises are there for
 * waiting, which nothing does inside SQLite. Reads answer from memory where they can (`read.ts`),
 * writes take turns (`transact.ts`).
 *
 * Beyond the contract: `checkpoint` and `integrityCheck`, for upkeep and for `doctor`.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Incarnation, Ref, ScanRange } from '../entry.ts';
import type {
  Due,
  Engine,
  EngineStats,
  LogQuery,
  LogResult,
  Member,
  ReadResult,
  ScanResult,
  ScopeQuery,
  ScopesResult,
} from '../engine.ts';
import type { EngineOptions } from '../registry.ts';
import type { Applied, Outcome, Stamp, TransactOptions, Work } from '../transaction.ts';
import type { Connection } from './file/connection.ts';
import { checkIntegrity, emptyWal, factsOf, overwriteFreePages } from './file/upkeep.ts';
import { Hints } from './hints.ts';
import { Ledgers } from './ledgers.ts';
import { readIncarnations, readLog } from './log.ts';
import { aliveMembers, heartbeat } from './members.ts';
import { Reader } from './read.ts';
import { Transactor } from './transact.ts';

export class SqliteEngine implements Engine {
  readonly scheme = 'file';
  readonly durability = 'disk';
  readonly grouping = 'store';
  readonly #connection: Connection;
  readonly #options: EngineOptions;
  readonly #reader: Reader;
  readonly #transactor: Transactor;
  readonly #hints: Hints;
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, options: EngineOptions) {
    const ledgers = new Ledgers(connection, options.cacheBytes);
    this.#connection = connection;
    this.#options = options;
    this.#reader = new Reader(connection, ledgers);
    this.#hints = new Hints(connection);
    this.#transactor = new Transactor(connection, ledgers, this.#hints);
  }

  async read(ledger: string, refs: readonly Ref[]): Promise<ReadResult> {
    this.#requireOpen();
    try {
      // Nearly always it is as short as this; what follows costs as much again as a hot read.
      return this.#reader.read(ledger, refs);
    } catch {
      return this.#reading(() => this.#reader.read(ledger, refs));
    }
  }

  scan(ledger: string, range: ScanRange): Promise<ScanResult> {
    return this.#reading(() => this.#reader.scan(ledger, range));
  }

  scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult> {
    return this.#reading(() => this.#reader.scopes(ledger, query));
  }

  log(ledger: string, query: LogQuery): Promise<LogResult> {
    return this.#reading(() => readLog(this.#connection, this.#reader, ledger, query));
  }

  incarnations(ledger: string): Promise<readonly Incarnation[]> {
    return this.#reading(() =>
      this.#reader.snapshot(ledger, (state) => readIncarnations(this.#connection, state)),
    );
  }

  async transact(work: readonly Work[], options: TransactOptions): Promise<readonly Outcome[]> {
    this.#requireWritable();
    // Awaited here rather than handed on: a promise within a promise costs two more turns.
    const outcomes = await this.#transactor.transact(work, options);
    return outcomes;
  }

  async resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    this.#requireWritable();
    return this.#transactor.resolve(ledger, stamp);
  }

  async flush(): Promise<void> {
    this.#requireOpen();
    return this.#transactor.flush();
  }

  /**
   * Overwrites the pages that are free and empties the WAL, so that what was deleted is in neither
   * file. Takes as long as there is free room in the file; `busy` if a reader of another process
   * stays in the WAL.
   */
  async scrub(): Promise<void> {
    this.#requireWritable();
    await this.#transactor.flush();
    await overwriteFreePages(this.#connection);
    await emptyWal(this.#connection);
  }

  /** Writes the WAL back into the file and empties it; `busy` if others stay in it. */
  async checkpoint(): Promise<void> {
    this.#requireWritable();
    await emptyWal(this.#connection);
  }

  /**
   * What SQLite finds wrong with the file, in its words; nothing if all is well. Reads all of it.
   */
  async integrityCheck(): Promise<string[]> {
    this.#requireOpen();
    return checkIntegrity(this.#connection.path);
  }

  due(now: number, limit: number): Promise<readonly Due[]> {
    return this.#reading(() => this.#reader.due(now, limit));
  }

  async heartbeat(id: string, ttlMs: number): Promise<void> {
    this.#requireWritable();
    return heartbeat(this.#connection, id, ttlMs);
  }

  members(): Promise<{ readonly members: readonly Member[]; readonly time: number }> {
    return this.#reading(() => aliveMembers(this.#connection));
  }

  subscribe(listener: (ledger: string) => void): () => void {
    this.#requireOpen();
    return this.#hints.subscribe(listener);
  }

  ledgers(): Promise<readonly string[]> {
    return this.#reading(() => this.#reader.ledgers());
  }

  async stats(): Promise<EngineStats> {
    const { scheme, durability } = this;
    const { storedBytes, facts } = await this.#reading(() => factsOf(this.#connection));
    return { scheme, durability, storedBytes, facts };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#hints.close();
    try {
      await this.#transactor.flush();
    } finally {
      await this.#connection.close(() => this.#transactor.fold());
    }
  }

  #reading<T>(body: () => T): Promise<T> {
    return this.#connection.reading(() => {
      this.#requireOpen();
      return body();
    });
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) {
      throw new HoldfastError('closed', `the engine on ${this.#connection.path} was closed`);
    }
  }

  #requireWritable(): void {
    this.#requireOpen();
    if (this.#options.readOnly) {
      const { path } = this.#connection;
      throw new HoldfastError('store_read_only', `${path} was opened for reading only`, {
        details: { path },
      });
    }
  }
}
