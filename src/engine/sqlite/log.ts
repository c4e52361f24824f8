/**
 * The log of a ledger in the file: one row for each group, and the stretches of its history.
 *
 * Bodies lie on pages of their own behind their row: whoever asks for tags or for the length of a
 * body does not read it.
 */
import type { Incarnation } from '../entry.ts';
import type { LogQuery, LogResult, LogRow } from '../engine.ts';
import type { Connection, Row } from './file/connection.ts';
import type { LedgerState } from './ledgers.ts';
import type { Reader } from './read.ts';
import { revisionBits, revisionMask } from './schema.ts';

const lastOf = `id & ${revisionMask}`;
const above = `id > (?1 << ${revisionBits} | ?2) AND id < (?1 + 1 << ${revisionBits})`;
const upTo = `id > (?1 << ${revisionBits}) AND id <= (?1 << ${revisionBits} | ?2)`;
const selectRows = `SELECT first, ${lastOf}, time, tags, body, octet_length(body) FROM log
  WHERE ${above} ORDER BY id LIMIT ?3`;
const selectTags = `SELECT first, ${lastOf}, time, tags FROM log
  WHERE ${above} ORDER BY id LIMIT ?3`;
const selectBody = `SELECT body, octet_length(body) FROM log
  WHERE id = (?1 << ${revisionBits} | ?2)`;
const insertRow = `INSERT INTO log VALUES
  (?1 << ${revisionBits} | ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`;
const updateBody = `UPDATE log SET body = ?3 WHERE id = (?1 << ${revisionBits} | ?2)`;
const selectThrough = `SELECT max(${lastOf}), sum(octet_length(body)) FROM log WHERE ${upTo}`;
const deleteThrough = `DELETE FROM log WHERE ${upTo}`;

export function readLog(
  connection: Connection,
  reader: Reader,
  name: string,
  query: LogQuery,
): LogResult {
  return reader.snapshot(name, (ledger, moment) => {
    const { rows, through } = rowsOf(connection, ledger, query);
    return { ...moment, rows, through: through ?? Math.max(query.after, ledger.head.revision) };
  });
}

/** `through` is undefined if there is nothing behind the rows. */
function rowsOf(
  connection: Connection,
  ledger: LedgerState,
  { after, limit, maxBytes = Infinity, wants }: LogQuery,
): { rows: LogRow[]; through: number | undefined } {
  const rows: LogRow[] = [];
  let [examined, bytes, through] = [0, 0, after];
  const statement = connection.statement(wants === undefined ? selectRows : selectTags);
  // One row more than may be examined tells whether anything lies behind.
  for (const found of statement.iterate(ledger.id, after, limit + 1)) {
    if (examined >= limit || bytes >= maxBytes) return { rows, through };
    const row = found as unknown as Row;
    examined += 1;
    through = row[1] as number;
    if (wants === undefined) {
      rows.push(logRowOf(row, row[4] as string));
      bytes += row[5] as number;
    } else if (wants(row[3] as string)) {
      const [body, bodyBytes] = connection.first(selectBody, ledger.id, through) ?? [];
      rows.push(logRowOf(row, body as string));
      bytes += bodyBytes as number;
    }
  }
  return { rows, through: undefined };
}

function logRowOf(row: Row, body: string): LogRow {
  const [first, last, time, tags] = row;
  return {
    first: first as number,
    last: last as number,
    time: time as number,
    tags: tags as string,
    body,
  };
}

export function readIncarnations(connection: Connection, ledger: LedgerState): Incarnation[] {
  const rows = connection.all(
    'SELECT id, start FROM incarnation WHERE ledger = ? ORDER BY start',
    ledger.id,
  );
  return rows.map(([id, start]) => ({ id: id as string, from: start as number }));
}

/** What a row tells beside its commits, while the rows of `scope` lag behind it (tail.ts). */
export interface RowTotals {
  readonly sequence: number;
  readonly entries: number;
  readonly bytes: number;
  readonly logBytes: number;
  readonly counts: string;
}

export function appendLog(
  connection: Connection,
  ledger: number,
  row: LogRow,
  totals: RowTotals | undefined,
): void {
  const { first, last, time, tags, body } = row;
  const { sequence, entries, bytes, logBytes, counts } = totals ?? noTotals;
  // As `Connection.run` does, without a list of the values.
  connection
    .statement(insertRow)
    .get(ledger, last, first, time, sequence, entries, bytes, logBytes, counts, tags, body);
}

const noTotals = { sequence: null, entries: null, bytes: null, logBytes: null, counts: null };

/** Returns by how many bytes the bodies have grown. */
export function rewriteLog(
  connection: Connection,
  ledger: number,
  { last, body }: { readonly last: number; readonly body: string },
): number {
  const before = connection.first(selectBody, ledger, last);
  if (before === undefined) return 0;
  connection.run(updateBody, ledger, last, body);
  return Buffer.byteLength(body) - (before[1] as number);
}

/** Drops the rows that end at or below `through`; tells where they end and what they held. */
export function trimLog(
  connection: Connection,
  ledger: number,
  through: number,
): { readonly trimmed: number; readonly bytes: number } {
  const row = connection.first(selectThrough, ledger, through);
  const trimmed = (row?.[0] ?? 0) as number;
  if (trimmed === 0) return { trimmed: 0, bytes: 0 };
  connection.run(deleteThrough, ledger, through);
  // A position at the trim point still stands: the incarnation that ends there is kept.
  connection.run(
    `DELETE FROM incarnation WHERE ledger = ?1 AND start <
       (SELECT max(start) FROM incarnation WHERE ledger = ?1 AND start < ?2)`,
    ledger,
    trimmed,
  );
  return { trimmed, bytes: row?.[1] as number };
}
