/** Bringing the rows of `scope` up to date with the log: the counts of scopes and the head. */
import type { Head } from '../../entry.ts';
import type { Connection } from '../file/connection.ts';
import type { LastStamp, Ledgers, LedgerState } from '../ledgers.ts';
import { writeCounts } from '../tail.ts';

const updateHead = `UPDATE scope SET revision = ?, time = ?, incarnation = ?, trimmed = ?,
  entries = ?, bytes = ?, log_bytes = ?, changes = ?, stamp_member = ?, stamp_sequence = ?,
  stamp_base = ?, stamp_time = ? WHERE ledger = ? AND name = ''`;

export interface HeadRow {
  readonly head: Head;
  readonly changes: number;
  readonly stamp: LastStamp | undefined;
}

export function writeHead(connection: Connection, ledger: number, row: HeadRow): void {
  const { head, changes, stamp } = row;
  connection.run(
    updateHead,
    head.revision,
    head.time,
    head.incarnation,
    head.trimmed,
    head.entries,
    head.bytes,
    head.logBytes,
    changes,
    stamp?.member ?? null,
    stamp?.sequence ?? null,
    stamp?.base ?? null,
    stamp?.time ?? null,
    ledger,
  );
}

/**
 * Folds the tail of a ledger, within a write transaction; false if it has none. What is known of
 * the ledger is to be forgotten then.
 */
export function foldTail(connection: Connection, ledgers: Ledgers, ledger: LedgerState): boolean {
  if (ledger.head.revision === ledger.folded) return false;
  for (const [id, counts] of ledgers.tail(ledger).scopes) writeCounts(connection, id, counts);
  const { head, changes, stamp } = ledger;
  writeHead(connection, ledger.id, { head, changes: changes + 1, stamp });
  return true;
}
