/**
 * The contract of a storage engine: ordered entries, an append-only log and one atomic `transact`.
 *
 * E1. Every read returns one consistent moment, with the head and the time of that moment.
 * E2. Reads are linearisable: what a resolved `transact` wrote, every later read of any process
 *     sees.
 * E3. Keys are ordered by UTF-8 bytes. What was stored comes back bit for bit, and fresh: nothing
 *     that a caller does to a returned array changes the store.
 * E4. `subscribe` is a hint: it may be lost, late or doubled. The log is the truth.
 * E5. An engine that cannot answer throws `HoldfastError` (`unavailable`, `busy`, `disk_full`, …).
 *     It never answers "missing" for "could not look".
 * E6. A store that was copied back, restored or failed over is told from the one that went on: the
 *     first commit to a ledger after commits may have been lost starts a new incarnation. An engine
 *     that cannot notice a loss starts one with the first commit of each opening.
 * E7. After `close` every call throws `closed`; a running `transact` is finished first.
 *
 * Not here: JSON, expiry rules, operations, checks, triggers. The ledger adds those, once, for all
 * engines. Prove an engine with `engineContract` from `holdfast/testing`.
 */
import type { Head, Incarnation, Ref, ScanRange, ScopeCensus, StoredEntry } from './entry.ts';
import type { Applied, Outcome, Stamp, TransactOptions, Work } from './transaction.ts';

/** The strongest durability an engine gives an acknowledged `sync` commit, weakest first. */
export type EngineDurability = 'none' | 'process' | 'disk' | 'replicated';

export interface Moment {
  readonly head: Head;
  /** max(engine clock, head.time): the time that expiry is judged by. */
  readonly time: number;
}

export interface ReadResult extends Moment {
  /** In the order of the refs. */
  readonly entries: readonly (StoredEntry | undefined)[];
}

export interface ScanResult extends Moment {
  readonly entries: readonly StoredEntry[];
}

export interface ScopeQuery {
  /** Inclusive bounds over names, by UTF-8 bytes; `after` is exclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface ScopesResult extends Moment {
  /** Scopes with at least one stored entry, by name. */
  readonly scopes: readonly ScopeCensus[];
}

export interface LogQuery {
  /** Rows whose last revision is above this one, oldest first. */
  readonly after: number;
  /** At most this many rows are examined. */
  readonly limit: number;
  /** Stops after the row that reaches this many bytes of bodies. */
  readonly maxBytes?: number | undefined;
  /** Rows whose tags it refuses are passed over without reading their bodies. */
  readonly wants?: ((tags: string) => boolean) | undefined;
}

export interface LogRow {
  /** The row's group covers the revisions first..last. */
  readonly first: number;
  readonly last: number;
  /** The time of the group's commits. */
  readonly time: number;
  readonly tags: string;
  readonly body: string;
}

export interface LogResult extends Moment {
  readonly rows: readonly LogRow[];
  /** Everything up to this revision was examined. */
  readonly through: number;
}

export interface Due extends Ref {
  readonly ledger: string;
  readonly expiresAt: number;
}

export interface Member {
  readonly id: string;
  /** Alive before this moment of the engine's clock. */
  readonly expiresAt: number;
}

export interface EngineStats {
  readonly scheme: string;
  readonly durability: EngineDurability;
  /** Bytes the store takes where it lives, as far as the engine can tell. */
  readonly storedBytes: number;
  /** Engine-specific facts, plain JSON, for `stats` and `doctor`. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export interface Engine {
  readonly scheme: string;
  readonly durability: EngineDurability;
  /**
   * `store`: the works of several ledgers share one durable write, so they should come in one call.
   * `ledger`: each ledger's works are a transaction of their own, and several may run at once.
   */
  readonly grouping: 'store' | 'ledger';

  read(ledger: string, refs: readonly Ref[]): Promise<ReadResult>;
  scan(ledger: string, range: ScanRange): Promise<ScanResult>;
  scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult>;
  log(ledger: string, query: LogQuery): Promise<LogResult>;
  /** Oldest first; never empty once the ledger has a commit. */
  incarnations(ledger: string): Promise<readonly Incarnation[]>;

  /** One outcome per work, in order. Throws only if nothing at all was applied. */
  transact(work: readonly Work[], options: TransactOptions): Promise<readonly Outcome[]>;
  /**
   * What became of an `unknown` outcome. After `not-applied` the stamp is fenced: a delayed message
   * with it can no longer apply.
   */
  resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'>;
  /** Makes every earlier `relaxed` commit durable. */
  flush(): Promise<void>;
  /**
   * Makes content that was deleted before unreadable where it was kept, as far as the engine can.
   */
  scrub(): Promise<void>;

  /** Entries of any ledger with `expiresAt <= now`, earliest first. */
  due(now: number, limit: number): Promise<readonly Due[]>;
  /** Says that a process lives until the engine's time + ttlMs; 0 says that it left. Not logged. */
  heartbeat(id: string, ttlMs: number): Promise<void>;
  /** The members that are alive, and the engine's time. */
  members(): Promise<{ readonly members: readonly Member[]; readonly time: number }>;

  /** Calls `listener` with a ledger's name when its head may have moved, in any process. */
  subscribe(listener: (ledger: string) => void): () => void;
  /** Names of ledgers with at least one commit, sorted. */
  ledgers(): Promise<readonly string[]>;
  stats(): Promise<EngineStats>;
  /** Idempotent. */
  close(): Promise<void>;
}
