/**
 * What this process knows of each ledger: its head, the numbers of its scopes, and through them
 * its cached entries.
 *
 * K1. While `data_version` stands, everything known holds: only this connection has written, and
 *     it updates what is known after its COMMIT.
 * K2. When it moved, a ledger is asked once for its row and the end of its tail (tail.ts). If
 *     `changes` and the revision stand, nobody touched that ledger, and its scopes and entries
 *     still hold; if not, they are all forgotten.
 * K3. `known` answers without looking at the file; whoever uses it calls `holds` afterwards.
 *     `current` is called within a snapshot or a transaction, after `refresh`.
 */
import type { Head, ScopeStat, StoredEntry } from '../entry.ts';
import { EntryCache } from './cache.ts';
import type { Connection, Row } from './file/connection.ts';
import { lastLogRow, readTail, revisionOf } from './tail.ts';
import type { Tail } from './tail.ts';

/** A scope's number, 0 while it has no row. The object itself is the key of its cached entries. */
export interface ScopeState {
  id: number;
}

/** The last stamp that was applied to a ledger. */
export interface LastStamp {
  readonly member: string;
  readonly sequence: number;
  readonly base: number;
  readonly time: number;
}

export interface LedgerState {
  readonly name: string;
  /** 0 while the ledger has no row. */
  id: number;
  head: Head;
  changes: number;
  stamp: LastStamp | undefined;
  /** The revision up to which the rows of `scope` tell everything. */
  folded: number;
  /** What lies behind it; undefined until somebody asks. */
  tail: Tail | undefined;
  scopes: Map<string, ScopeState>;
  /** The epoch in which the row was last read. */
  epoch: number;
}

/** What a ledger is remembered by is small; past these many, all but the entries is read again. */
const ledgersMax = 10_000;
const scopesMax = 50_000;

const selectLedger = `SELECT ledger.id, head.revision, changes, incarnation, trimmed, stamp_member,
    coalesce(${revisionOf('last.id')}, head.revision), coalesce(last.time, head.time),
    iif(last.id, last.entries, head.entries), iif(last.id, last.bytes, head.bytes),
    iif(last.id, last.log_bytes, head.log_bytes), iif(last.id, last.sequence, stamp_sequence),
    iif(last.id, last.first - 1, stamp_base), iif(last.id, last.time, stamp_time)
  FROM ledger JOIN scope AS head ON head.ledger = ledger.id AND head.name = ''
  LEFT JOIN log AS last ON last.id = ${lastLogRow('ledger.id', 'head.revision')}
  WHERE ledger.name = ?`;
const selectScope = 'SELECT id FROM scope WHERE ledger = ? AND name = ?';
const selectStat = 'SELECT entries, bytes, revision FROM scope WHERE id = ?';
const selectEntry = `SELECT version, created_at, updated_at, expires_at, schema, size, external,
  content FROM entry WHERE scope = ? AND key = ?`;

export class Ledgers {
  readonly cache: EntryCache;
  readonly #connection: Connection;
  readonly #selectEntry;
  readonly #states = new Map<string, LedgerState>();
  #dataVersion = -1;
  #epoch = 0;

  constructor(connection: Connection, cacheBytes: number) {
    this.#connection = connection;
    this.#selectEntry = connection.statement(selectEntry);
    this.cache = new EntryCache(cacheBytes);
  }

  /** Whether everything that is known held at this moment. */
  holds(): boolean {
    return this.#connection.dataVersion() === this.#dataVersion;
  }

  /** Notices what others have committed. */
  refresh(): void {
    const version = this.#connection.dataVersion();
    if (version === this.#dataVersion) return;
    this.#dataVersion = version;
    this.#epoch += 1;
  }

  /** Forgets everything, after a transaction whose end is not known. */
  forget(): void {
    this.#states.clear();
    this.cache.clear();
    this.#epoch += 1;
  }

  known(name: string): LedgerState | undefined {
    const state = this.#states.get(name);
    return state?.epoch === this.#epoch ? state : undefined;
  }

  current(name: string): LedgerState {
    const known = this.#states.get(name);
    if (known?.epoch === this.#epoch) return known;
    const row = this.#connection.first(selectLedger, name);
    const [changes, revision] = row === undefined ? [0, 0] : [row[2], row[6]];
    if (known !== undefined && known.changes === changes && known.head.revision === revision) {
      known.epoch = this.#epoch;
      return known;
    }
    if (this.#states.size >= ledgersMax) this.#states.clear();
    const state = stateOf(name, row, this.#epoch);
    this.#states.set(name, state);
    return state;
  }

  scope(ledger: LedgerState, name: string): ScopeState {
    const known = ledger.scopes.get(name);
    if (known !== undefined) return known;
    if (ledger.scopes.size >= scopesMax) ledger.scopes.clear();
    const row = ledger.id === 0 ? undefined : this.#connection.first(selectScope, ledger.id, name);
    const state: ScopeState = { id: row === undefined ? 0 : (row[0] as number) };
    ledger.scopes.set(name, state);
    return state;
  }

  stat(ledger: LedgerState, scope: string): ScopeStat {
    const { id } = this.scope(ledger, scope);
    const row = id === 0 ? undefined : this.#connection.first(selectStat, id);
    if (row === undefined) return { scope, entries: 0, bytes: 0, revision: 0 };
    const [entries, bytes, revision] = row as readonly [number, number, number];
    return this.counted(ledger, id, { scope, entries, bytes, revision });
  }

  /** A scope's stored counts, with what the tail adds to them. */
  counted(ledger: LedgerState, id: number, stat: ScopeStat): ScopeStat {
    const more = this.tail(ledger).scopes.get(id);
    if (more === undefined) return stat;
    return {
      scope: stat.scope,
      entries: stat.entries + more.entries,
      bytes: stat.bytes + more.bytes,
      revision: Math.max(stat.revision, more.revision),
    };
  }

  tail(ledger: LedgerState): Tail {
    ledger.tail ??= readTail(this.#connection, ledger.id, ledger.folded);
    return ledger.tail;
  }

  /** The cache's own entry, from memory if it is there: copy it before it leaves the engine. */
  entry(ledger: LedgerState, scopeName: string, key: string): StoredEntry | null {
    const scope = this.scope(ledger, scopeName);
    if (scope.id === 0) return null;
    const cached = this.cache.get(scope, key);
    if (cached !== undefined) return cached;
    const row = this.#selectEntry.get(scope.id, key) as unknown as Row | undefined;
    const entry = row === undefined ? null : entryOf(scopeName, key, row);
    this.cache.add(scope, key, entry);
    return entry;
  }
}

/** From version, created_at, updated_at, expires_at, schema, size, external, content. */
export function entryOf(scope: string, key: string, row: Row): StoredEntry {
  return {
    scope,
    key,
    content: row[7] as string | Uint8Array,
    version: row[0] as number,
    createdAt: row[1] as number,
    updatedAt: row[2] as number,
    expiresAt: row[3] === null ? undefined : (row[3] as number),
    schema: row[4] as number,
    size: row[5] as number,
    external: row[6] === 1,
  };
}

/** Heads are handed out as they are. */
export function frozenHead(head: Head): Head {
  return Object.freeze(head);
}

const emptyHead = frozenHead({
  incarnation: '',
  revision: 0,
  time: 0,
  trimmed: 0,
  entries: 0,
  bytes: 0,
  logBytes: 0,
});

function stateOf(name: string, row: Row | undefined, epoch: number): LedgerState {
  const scopes = new Map<string, ScopeState>();
  const none = { id: 0, head: emptyHead, changes: 0, stamp: undefined, folded: 0, tail: undefined };
  if (row === undefined) return { name, ...none, scopes, epoch };
  const [id, folded, changes, incarnation, trimmed, member] = row;
  const [revision, time, entries, bytes, logBytes, ...last] = row.slice(6) as number[];
  const [sequence, base, stampTime] = last;
  return {
    name,
    id: id as number,
    head: frozenHead({
      incarnation: incarnation as string,
      revision: revision as number,
      time: time as number,
      trimmed: trimmed as number,
      entries: entries as number,
      bytes: bytes as number,
      logBytes: logBytes as number,
    }),
    changes: changes as number,
    stamp:
      member === null
        ? undefined
        : {
            member: member as string,
            sequence: sequence as number,
            base: base as number,
            time: stampTime as number,
          },
    folded: folded as number,
    tail: undefined,
    scopes,
    epoch,
  };
}
