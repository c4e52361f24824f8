/**
 * The Redis engine: a store on a server or a cluster that many processes on many machines share.
 *
 * Everything that belongs together is one script of the server (`scripts/`). Time is the server's,
 * unless the store was opened with a clock of its own.
 *
 * What an acknowledged commit survives is up to the server's settings; `durability` and `stats` say
 * what was found when the engine was opened, docs/guarantees.md what that means.
 */
import { HoldfastError } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
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
import type { EngineOptions } from '../registry.ts';
import type { Applied, Outcome, Stamp, TransactOptions, Work } from '../transaction.ts';
import { Expiring } from './expiring.ts';
import { Hints } from './hints.ts';
import type { Keyspace } from './keyspace.ts';
import { Ledgers } from './ledgers.ts';
import { Reader } from './read.ts';
import { keepMember } from './scripts/read.ts';
import type { Connection } from './server/connection.ts';
import { durabilityOf } from './server/facts.ts';
import type { ServerFacts } from './server/facts.ts';
import { scrubFiles, statsOf } from './server/upkeep.ts';
import { Transactor } from './transact.ts';

export class RedisEngine implements Engine {
  readonly scheme = 'redis';
  readonly durability: EngineDurability;
  readonly grouping = 'ledger';
  readonly #connection: Connection;
  readonly #keyspace: Keyspace;
  readonly #options: EngineOptions;
  readonly #ledgers: Ledgers;
  readonly #reader: Reader;
  readonly #transactor: Transactor;
  readonly #expiring: Expiring;
  readonly #hints: Hints;
  readonly #running = new Set<Promise<unknown>>();
  #scrubbing: Promise<void> | undefined;
  #nextScrub: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    connection: Connection,
    keyspace: Keyspace,
    options: EngineOptions,
    servers: readonly ServerFacts[],
  ) {
    const { clock, random, cacheBytes, busyTimeoutMs: contendedMs } = options;
    // An injected clock is what the store is judged by; without one, the server's is.
    const now = () => (clock === systemClock ? '' : `${clock.now()}`);
    this.durability = durabilityOf(servers, connection.address.wait);
    this.#connection = connection;
    this.#keyspace = keyspace;
    this.#options = options;
    this.#ledgers = new Ledgers(connection, keyspace);
    this.#reader = new Reader(connection, keyspace, this.#ledgers, now);
    this.#expiring = new Expiring(connection, keyspace, this.#ledgers, this.#reader);
    this.#hints = new Hints(connection, keyspace, this.#ledgers, this.#reader);
    this.#transactor = new Transactor(connection, keyspace, this.#ledgers, this.#reader, {
      random,
      clock,
      contendedMs,
      cacheBytes,
      now,
      announce: (ledger, at) => this.#expiring.announce(ledger, at),
    });
  }

  async read(ledger: string, refs: readonly Ref[]): Promise<ReadResult> {
    this.#requireOpen();
    return this.#reader.read(ledger, refs);
  }

  async scan(ledger: string, range: ScanRange): Promise<ScanResult> {
    this.#requireOpen();
    return this.#reader.scan(ledger, range);
  }

  async scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult> {
    this.#requireOpen();
    return this.#reader.scopes(ledger, query);
  }

  async log(ledger: string, query: LogQuery): Promise<LogResult> {
    this.#requireOpen();
    return this.#reader.log(ledger, query);
  }

  async incarnations(ledger: string): Promise<readonly Incarnation[]> {
    this.#requireOpen();
    return (await this.#ledgers.history(this.#ledgers.of(ledger))).incarnations;
  }

  async transact(works: readonly Work[], { stamp }: TransactOptions): Promise<readonly Outcome[]> {
    this.#requireWritable();
    const [work, another] = works;
    if (another !== undefined) {
      throw new HoldfastError('internal', 'Redis applies one ledger at a time: one work a call', {
        outcome: 'not-applied',
      });
    }
    if (work === undefined) return [];
    return [await this.#finishing(this.#transactor.transact(work, stamp))];
  }

  async resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    this.#requireWritable();
    return this.#finishing(this.#transactor.resolve(ledger, stamp));
  }

  /** A commit is as durable as the server makes it once it is answered: nothing is left to do. */
  async flush(): Promise<void> {
    this.#requireOpen();
  }

  /** Has the server write its append-only file anew, without what was deleted. */
  async scrub(): Promise<void> {
    this.#requireWritable();
    // Whoever asks while one is at work shares the next: only that one begins late enough.
    if (this.#scrubbing === undefined) await this.#scrub();
    else {
      this.#nextScrub ??= this.#scrubbing.then(
        () => this.#scrub(),
        () => this.#scrub(),
      );
      await this.#nextScrub;
    }
  }

  async #scrub(): Promise<void> {
    this.#nextScrub = undefined;
    const scrubbing = scrubFiles(this.#connection);
    this.#scrubbing = scrubbing;
    try {
      await scrubbing;
    } finally {
      if (this.#scrubbing === scrubbing) this.#scrubbing = undefined;
    }
  }

  async due(now: number, limit: number): Promise<readonly Due[]> {
    this.#requireOpen();
    return this.#expiring.due(now, limit);
  }

  async heartbeat(id: string, ttlMs: number): Promise<void> {
    this.#requireWritable();
    const { clock } = this.#options;
    const now = clock === systemClock ? '' : `${clock.now()}`;
    await this.#connection.ask(keepMember, [this.#keyspace.members], [now, id, ttlMs]);
  }

  async members(): Promise<{ readonly members: readonly Member[]; readonly time: number }> {
    this.#requireOpen();
    return this.#reader.members();
  }

  subscribe(listener: (ledger: string) => void): () => void {
    this.#requireOpen();
    return this.#hints.subscribe(listener);
  }

  async ledgers(): Promise<readonly string[]> {
    this.#requireOpen();
    return this.#reader.ledgers();
  }

  async stats(): Promise<EngineStats> {
    this.#requireOpen();
    const { scheme, durability } = this;
    const names = await this.#reader.ledgers();
    const keys = names.map((name) => this.#ledgers.of(name).keys);
    const { storedBytes, facts } = await statsOf(this.#connection, keys);
    const { lost } = this.#transactor;
    const { regressions } = this.#ledgers;
    const own = { ledgers: names.length, lostRaces: lost, regressions };
    return { scheme, durability, storedBytes, facts: { ...facts, ...own } };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#hints.close();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    await this.#connection.close();
  }

  /** What runs when the engine is closed is finished first (E7). */
  async #finishing<T>(call: Promise<T>): Promise<T> {
    this.#running.add(call);
    try {
      return await call;
    } finally {
      this.#running.delete(call);
    }
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) {
      throw new HoldfastError('closed', `the engine on ${this.#connection.where} was closed`);
    }
  }

  #requireWritable(): void {
    this.#requireOpen();
    if (!this.#options.readOnly) return;
    const { where } = this.#connection;
    throw new HoldfastError('store_read_only', `${where} was opened for reading only`, {
      details: { server: where },
    });
  }
}
