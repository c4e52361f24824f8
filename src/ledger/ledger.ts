/**
 * The waist: the one interface that layers, the server, the client and the wire are written
 * against.
 *
 * L1. A commit is all or nothing and has the next revisions of one total order.
 * L2. Reads are linearisable: what a receipt acknowledged, every later read of anyone sees.
 * L3. At `expiresAt` an entry is gone for every read, list, count, check and operation at once.
 * L4. Folding the log gives the state. Each expiry is one `expired` commit; nothing that was
 *     deleted or has expired comes back.
 * L5. An outage is an error, never a "missing".
 *
 * Everything that crosses it is plain data (values travel as `StoredValue`), so that a remote
 * ledger can be the same thing.
 */
import type { EngineStats, Incarnation, Member, Ref } from '../engine/index.ts';
import type { LogPage } from './commit.ts';
import type { Entry, EntryHead } from './entry.ts';
import type { Position } from './position.ts';
import type { CommitAnswer, Proposal } from './proposal.ts';

export interface ScanQuery {
  readonly scope: string;
  readonly prefix?: string | undefined;
  /** Inclusive, by UTF-8 bytes. */
  readonly from?: string | undefined;
  /** Exclusive, by UTF-8 bytes. */
  readonly to?: string | undefined;
  readonly reverse?: boolean | undefined;
  readonly limit?: number | undefined;
  /** Of an earlier page of the same query: goes on behind it, in the same state of the scope. */
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Undefined after the last page. */
  readonly cursor: string | undefined;
  /** The state that the page shows; the same for every page of one scan. */
  readonly position: Position;
}

export interface ScopeInfo {
  readonly scope: string;
  readonly entries: number;
  readonly bytes: number;
  /** The revision of the scope's last change. */
  readonly revision: number;
}

export interface ScopesQuery {
  readonly prefix?: string | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** Includes the scopes of layers, whose names start with `$`. Default false. */
  readonly internal?: boolean | undefined;
}

export interface ChangeFilter {
  readonly scope?: string | undefined;
  /** Only with `scope`. */
  readonly key?: string | undefined;
  readonly prefix?: string | undefined;
  /** Leaves all values out. */
  readonly keysOnly?: boolean | undefined;
}

export interface LogOptions extends ChangeFilter {
  /** At most about this many commits; a group is never cut. Default 1,000. */
  readonly limit?: number | undefined;
}

export interface WatchOptions extends ChangeFilter {
  /** Left out: from now on. */
  readonly after?: Position | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Pin {
  readonly name: string;
  readonly position: Position;
  readonly expiresAt: number;
}

export interface LedgerHead {
  readonly position: Position;
  /** The time that expiry is judged by, now. */
  readonly time: number;
  /** What is stored: entries that died count until they are swept, soon after. `scope` is exact. */
  readonly entries: number;
  readonly bytes: number;
  readonly logBytes: number;
  /** The log is gone up to and including this revision. */
  readonly trimmed: number;
  /** The same as a position: whoever reads the log after it reads all that there is. */
  readonly oldest: Position;
}

export interface Ledger {
  /** The app's name. */
  readonly name: string;

  /**
   * Where the ledger stands, its time, and what it holds.
   *
   * @example
   * await scope.set('ada', 1);
   * const { position, entries } = await app.ledger.head();
   * [position.revision, entries]; // => [1, 1]
   */
  head(): Promise<LedgerHead>;
  /**
   * In the order of the refs, all as of one moment.
   *
   * @example
   * await scope.set('ada', 1);
   * const [ada, bob] = await app.ledger.read([
   *   { scope: 'examples', key: 'ada' },
   *   { scope: 'examples', key: 'bob' },
   * ]);
   * [ada?.value.decode(), bob]; // => [1, undefined]
   */
  read(refs: readonly Ref[]): Promise<readonly (Entry | undefined)[]>;
  /**
   * Throws `trimmed` when the log no longer reaches back to the cursor's state: pin long scans.
   *
   * @example
   * await scope.setMany({ a: 1, b: 2, c: 3 });
   * const first = await app.ledger.scan({ scope: 'examples', limit: 2 });
   * const { cursor } = first;
   * const rest = await app.ledger.scan({ scope: 'examples', limit: 2, cursor });
   * rest.items.map(({ key, value }) => [key, value.decode()]); // => [['c', 3]]
   */
  scan(query: ScanQuery & { readonly keysOnly: true }): Promise<Page<EntryHead>>;
  scan(query: ScanQuery): Promise<Page<Entry>>;
  /**
   * Scopes that hold at least one entry, by name. Costs as many scopes as there are, not entries.
   *
   * @example
   * await scope.set('ada', 1);
   * const { items } = await app.ledger.scopes();
   * items.map(({ scope: name, entries }) => [name, entries]); // => [['examples', 1]]
   */
  scopes(query?: ScopesQuery): Promise<Page<ScopeInfo>>;
  /**
   * Exact counts of one scope, O(1).
   *
   * @example
   * await scope.set('ada', 1);
   * (await app.ledger.scope('examples')).entries; // => 1
   */
  scope(name: string): Promise<ScopeInfo>;

  /**
   * Resolves when the commit has the durability that it asked for. A failed check is a value.
   *
   * @example
   * const ada = { scope: 'examples', key: 'ada' };
   * const answer = await app.ledger.commit({
   *   checks: [{ kind: 'version', ...ada, version: 0 }],
   *   mutations: [{ kind: 'set', ...ada, value: 1 }],
   * });
   * answer.kind; // => 'committed'
   */
  commit(proposal: Proposal): Promise<CommitAnswer>;

  /**
   * A page of the commits after a position; or that they are gone: `trimmed`, `regressed`.
   *
   * @example
   * const { position } = await app.ledger.head();
   * await scope.set('ada', 1);
   * const page = await app.ledger.log(position);
   * const changes = page.kind === 'commits' ? page.commits.flatMap((one) => one.changes) : [];
   * changes.map(({ kind, key }) => [kind, key]); // => [['created', 'ada']]
   */
  log(after: Position, options?: LogOptions): Promise<LogPage>;
  /**
   * Pages of matching commits, as they come, until the signal aborts, the consumer stops, or a page
   * says `trimmed` or `regressed`. Pulled: a slow consumer costs writers nothing. Where nothing
   * matches, a page without commits tells now and then how far the watch has looked.
   *
   * @example
   * const { position: after } = await app.ledger.head();
   * await scope.set('ada', 1);
   * const keys: string[] = [];
   * for await (const page of app.ledger.watch({ after, scope: 'examples' })) {
   *   if (page.kind !== 'commits' || page.commits.length === 0) continue;
   *   keys.push(...page.commits.flatMap(({ changes }) => changes.map(({ key }) => key)));
   *   break;
   * }
   * keys; // => ['ada']
   */
  watch(options?: WatchOptions): AsyncIterable<LogPage>;
  /**
   * Holds the log from `at` on for `ttlMs`; the same name moves the hold, `ttlMs` 0 releases it.
   * Throws `trimmed` or `regressed` if `at` is gone already. A hard cap on the log overrules pins.
   *
   * @example
   * const { position } = await app.ledger.head();
   * await app.ledger.pin('report', position, 60_000);
   * await app.ledger.pin('report', position, 0);
   */
  pin(name: string, at: Position, ttlMs: number): Promise<Pin>;
  /**
   * Removes an entry and every value that it ever had from entries and log. Returns what it found.
   *
   * @example
   * await scope.set('ada', 1);
   * await app.ledger.erase({ scope: 'examples', key: 'ada' }); // => { existed: true, changes: 1 }
   */
  erase(ref: Ref): Promise<{ readonly existed: boolean; readonly changes: number }>;

  /**
   * Says that a process lives for `ttlMs` more; 0 says that it left. Costs no commit.
   *
   * @example
   * await app.ledger.heartbeat('process-1', 10_000);
   * (await app.ledger.members()).map(({ id }) => id); // => ['process-1']
   */
  heartbeat(member: string, ttlMs: number): Promise<void>;
  /**
   * The processes that live: those whose last heartbeat still counts.
   *
   * @example
   * await app.ledger.heartbeat('process-1', 0);
   * await app.ledger.members(); // => []
   */
  members(): Promise<readonly Member[]>;
}

/** The ledgers of one store, in this process or behind a wire: what a `Store` stands on. */
export interface LedgerSource {
  /**
   * The ledger of an app. Costs nothing until it is used. Throws `invalid_name`, `closed`.
   *
   * @example
   * store.source.ledger('shop').name; // => 'shop'
   */
  ledger(app: string): Ledger;
  /**
   * Apps with at least one commit, sorted.
   *
   * @example
   * await store.app('shop').scope('users').set('ada', 1);
   * await store.source.names(); // => ['shop']
   */
  names(): Promise<readonly string[]>;
  /**
   * Of the engine below.
   *
   * @example
   * (await store.source.stats()).scheme; // => 'memory'
   */
  stats(): Promise<EngineStats>;
  /**
   * Of an app's history, oldest first: which incarnation each revision belongs to.
   *
   * @example
   * await scope.set('ada', 1);
   * (await store.source.incarnations('example')).length; // => 1
   */
  incarnations(app: string): Promise<readonly Incarnation[]>;
  /**
   * Answers what was asked before, then lets go. Every later call throws `closed`.
   *
   * @example
   * await store.source.close();
   */
  close(): Promise<void>;
}
