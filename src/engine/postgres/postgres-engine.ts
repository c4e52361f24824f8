/**
 * The Postgres engine: a store in one schema of a database, shared by processes on many machines.
 *
 * Time is the server's, so that processes whose clocks differ agree on what is alive. Reads go to
 * the primary, those of one moment together (`read.ts`); each ledger's commits take the lock of its
 * row (`transact.ts`), so several ledgers commit at once.
 *
 * An incarnation lasts as long as the run of the server in which nothing can have been lost, and
 * not only as long as one opening (E6): see T3 of `schema.ts`.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Incarnation, Ref, ScanRange } from '../entry.ts';
import type {
  Due,
  Engine,
  EngineDurability,
  EngineStats,
  LogQuery,
  LogResult,
  Member,
  ReadResult,
  ScanResult,
  ScopeQuery,
  ScopesResult,
} from '../engine.ts';
import type { Applied, Outcome, Stamp, TransactOptions, Work } from '../transaction.ts';
import { Locks } from './commit/lock.ts';
import { Hints } from './hints.ts';
import { LogReader } from './log.ts';
import { Members } from './members.ts';
import { Ranges } from './ranges.ts';
import { Reader } from './read.ts';
import { ServerUpkeep } from './server/upkeep.ts';
import type { PostgresStore } from './store.ts';
import { Transactor } from './transact.ts';
import type { SessionParts } from './wire/session.ts';

export class PostgresEngine implements Engine {
  readonly scheme = 'postgres';
  readonly durability: EngineDurability;
  readonly grouping = 'ledger';
  readonly #store: PostgresStore;
  readonly #reader: Reader;
  readonly #ranges: Ranges;
  readonly #log: LogReader;
  readonly #members: Members;
  readonly #hints: Hints;
  readonly #transactor: Transactor;
  readonly #upkeep: ServerUpkeep;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(store: PostgresStore, parts: SessionParts) {
    const locks = new Locks(store);
    this.durability = store.facts.durability;
    this.#store = store;
    this.#reader = new Reader(store, locks);
    this.#ranges = new Ranges(store, locks);
    this.#log = new LogReader(store);
    this.#members = new Members(store);
    this.#hints = new Hints(store, parts);
    this.#transactor = new Transactor(store, locks, this.#hints);
    this.#upkeep = new ServerUpkeep(store);
  }

  read(ledger: string, refs: readonly Ref[]): Promise<ReadResult> {
    return this.#call(() => this.#reader.read(ledger, refs));
  }

  scan(ledger: string, range: ScanRange): Promise<ScanResult> {
    return this.#call(() => this.#ranges.scan(ledger, range));
  }

  scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult> {
    return this.#call(() => this.#ranges.scopes(ledger, query));
  }

  log(ledger: string, query: LogQuery): Promise<LogResult> {
    return this.#call(() => this.#log.read(ledger, query));
  }

  incarnations(ledger: string): Promise<readonly Incarnation[]> {
    return this.#call(() => this.#ranges.incarnations(ledger));
  }

  transact(work: readonly Work[], options: TransactOptions): Promise<readonly Outcome[]> {
    return this.#change(() => this.#transactor.transact(work, options));
  }

  resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    return this.#change(() => this.#transactor.resolve(ledger, stamp));
  }

  flush(): Promise<void> {
    return this.#call(() => this.#transactor.flush());
  }

  /**
   * Vacuums the tables, so that what was deleted is in no row any more. Its bytes may remain in
   * free room of pages, in WAL and in backups: see docs/operations.md.
   */
  scrub(): Promise<void> {
    return this.#change(() => this.#upkeep.vacuum());
  }

  due(now: number, limit: number): Promise<readonly Due[]> {
    return this.#call(() => this.#ranges.due(now, limit));
  }

  heartbeat(id: string, ttlMs: number): Promise<void> {
    return this.#change(() => this.#members.heartbeat(id, ttlMs));
  }

  members(): Promise<{ readonly members: readonly Member[]; readonly time: number }> {
    return this.#call(() => this.#members.alive());
  }

  subscribe(listener: (ledger: string) => void): () => void {
    this.#requireOpen();
    return this.#hints.subscribe(listener);
  }

  ledgers(): Promise<readonly string[]> {
    return this.#call(() => this.#ranges.ledgers());
  }

  stats(): Promise<EngineStats> {
    return this.#call(async () => {
      const { storedBytes, facts } = await this.#upkeep.facts();
      return { scheme: this.scheme, durability: this.durability, storedBytes, facts };
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running);
    try {
      await this.#transactor.flush();
    } finally {
      await this.#hints.close();
      await this.#store.close();
    }
  }

  async #call<T>(body: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    const call = body();
    this.#running.add(call);
    try {
      return await call;
    } finally {
      this.#running.delete(call);
    }
  }

  async #change<T>(body: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    if (this.#store.options.readOnly) {
      const { place } = this.#store.settings;
      throw new HoldfastError('store_read_only', `${place} was opened for reading only`, {
        details: { place },
      });
    }
    return this.#call(body);
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return;
    throw new HoldfastError('closed', `the engine on ${this.#store.settings.place} was closed`);
  }
}
