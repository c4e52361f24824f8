/**
 * Reading a store: entries, ranges, scopes and what is due.
 *
 * Every function is synchronous and answers from one moment of the file (E1): either from memory,
 * confirmed by one look at `data_version`, or within a read transaction.
 */
import type { SQLInputValue } from 'node:sqlite';
import type { Ref, ScanRange, ScopeCensus, StoredEntry } from '../entry.ts';
import type { Due, Moment, ReadResult, ScanResult, ScopeQuery, ScopesResult } from '../engine.ts';
import type { Connection, Row } from './file/connection.ts';
import { fresh } from '../kept-entry.ts';
import { entryOf } from './ledgers.ts';
import type { Ledgers, LedgerState } from './ledgers.ts';

type MaybeEntry = StoredEntry | undefined;
/** Entries and bytes, by scope number. */
type ExpiredCounts = ReadonlyMap<number, readonly [number, number]>;

export class Reader {
  readonly #connection: Connection;
  readonly #ledgers: Ledgers;

  constructor(connection: Connection, ledgers: Ledgers) {
    this.#connection = connection;
    this.#ledgers = ledgers;
  }

  /**
   * Entries that were looked up one by one are of one moment if nobody has committed up to the last
   * look: then what is known of the ledger held throughout, and no transaction has to be opened.
   */
  read(name: string, refs: readonly Ref[]): ReadResult {
    const ledger = this.#ledgers.known(name);
    if (ledger !== undefined) {
      const { head, time } = this.#moment(ledger);
      const entries = this.#entries(ledger, refs);
      if (this.#ledgers.holds()) return { head, time, entries };
    }
    return this.snapshot(name, (current, { head, time }) => {
      return { head, time, entries: this.#entries(current, refs) };
    });
  }

  scan(name: string, range: ScanRange): ScanResult {
    return this.snapshot(name, (ledger, moment) => {
      const { id } = this.#ledgers.scope(ledger, range.scope);
      if (id === 0 || range.limit <= 0) return { ...moment, entries: [] };
      const [sql, values] = scanOf(id, range);
      const entries = this.#connection
        .all(sql, ...values)
        .map((row) => entryOf(range.scope, row[8] as string, row));
      return { ...moment, entries };
    });
  }

  scopes(name: string, query: ScopeQuery): ScopesResult {
    return this.snapshot(name, (ledger, moment) => {
      if (ledger.id === 0 || query.limit <= 0) return { ...moment, scopes: [] };
      const { from, to, after, limit } = query;
      const [conditions, values] = boundsOf('name', [
        ['>=', from],
        ['<=', to],
        ['>', after],
      ]);
      const statement = this.#connection.statement(
        `SELECT id, name, entries, bytes, revision FROM scope
         WHERE ledger = ? AND name > ''${conditions} ORDER BY name`,
      );
      const expired = this.#expired(ledger, moment.time);
      const scopes: ScopeCensus[] = [];
      for (const row of statement.iterate(ledger.id, ...values)) {
        const census = this.#census(ledger, row as unknown as Row, expired);
        if (census.entries > 0) scopes.push(census);
        if (scopes.length >= limit) break;
      }
      return { ...moment, scopes };
    });
  }

  due(now: number, limit: number): Due[] {
    const rows = this.#connection.all(
      `SELECT ledger.name, scope.name, key, expires_at
       FROM (SELECT scope, key, expires_at FROM entry INDEXED BY entry_expiry
             WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) AS due
       JOIN scope ON scope.id = due.scope JOIN ledger ON ledger.id = scope.ledger
       ORDER BY expires_at`,
      now,
      Math.max(0, limit),
    );
    return rows.map(([ledger, scope, key, expiresAt]) => ({
      ledger: ledger as string,
      scope: scope as string,
      key: key as string,
      expiresAt: expiresAt as number,
    }));
  }

  ledgers(): string[] {
    const rows = this.#connection.all(
      `SELECT ledger.name FROM ledger JOIN scope AS head ON head.ledger = ledger.id
       WHERE head.name = '' AND head.revision > 0 ORDER BY ledger.name`,
    );
    return rows.map(([name]) => name as string);
  }

  /** Runs `body` on one moment of the file, with the ledger as of that moment. */
  snapshot<T>(name: string, body: (ledger: LedgerState, moment: Moment) => T): T {
    return this.#connection.snapshot(() => {
      this.#ledgers.refresh();
      const ledger = this.#ledgers.current(name);
      return body(ledger, this.#moment(ledger));
    });
  }

  #entries(ledger: LedgerState, refs: readonly Ref[]): MaybeEntry[] {
    const entries: MaybeEntry[] = [];
    for (const { scope, key } of refs) {
      const entry = this.#ledgers.entry(ledger, scope, key);
      entries.push(entry === null ? undefined : fresh(entry));
    }
    return entries;
  }

  #census(ledger: LedgerState, row: Row, expired: ExpiredCounts): ScopeCensus {
    const [id, scope] = row as readonly [number, string];
    const [entries, bytes, revision] = row.slice(2) as [number, number, number];
    const [expiredEntries, expiredBytes] = expired.get(id) ?? [0, 0];
    const stat = this.#ledgers.counted(ledger, id, { scope, entries, bytes, revision });
    return { ...stat, expiredEntries, expiredBytes };
  }

  #moment({ head }: LedgerState): Moment {
    return { head, time: Math.max(this.#connection.options.clock.now(), head.time) };
  }

  /** By scope number; takes as long as there are entries that wait for the sweeper. */
  #expired(ledger: LedgerState, time: number): ExpiredCounts {
    const rows = this.#connection.all(
      `SELECT entry.scope, count(*), sum(size) FROM entry INDEXED BY entry_expiry
       JOIN scope ON scope.id = entry.scope
       WHERE expires_at <= ? AND scope.ledger = ? GROUP BY entry.scope`,
      time,
      ledger.id,
    );
    return new Map(
      rows.map(([id, entries, bytes]) => [Number(id), [Number(entries), Number(bytes)]]),
    );
  }
}

type Bound = readonly [operator: string, value: string | undefined];

/** ` AND column >= ? …` with its values, for the bounds that are given. */
function boundsOf(column: string, bounds: readonly Bound[]): [string, string[]] {
  let conditions = '';
  const values: string[] = [];
  for (const [operator, value] of bounds) {
    if (value === undefined) continue;
    conditions += ` AND ${column} ${operator} ?`;
    values.push(value);
  }
  return [conditions, values];
}

function scanOf(id: number, range: ScanRange): [string, SQLInputValue[]] {
  const { from, to, after, reverse, limit, keysOnly } = range;
  const [conditions, values] = boundsOf('key', [
    ['>=', from],
    ['<', to],
    [reverse ? '<' : '>', after],
  ]);
  const sql = `SELECT version, created_at, updated_at, expires_at, schema, size, external,
    ${keysOnly ? "''" : 'content'}, key FROM entry WHERE scope = ?${conditions}
    ORDER BY key ${reverse ? 'DESC' : 'ASC'} LIMIT ?`;
  return [sql, [id, ...values, limit]];
}
