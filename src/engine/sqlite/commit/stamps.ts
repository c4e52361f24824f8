/**
 * Which call of a member was the last on a ledger, so that a lost answer can be told (T6).
 *
 * P1. The last stamp of a ledger is part of the ledger's own row: a member that is alone pays
 *     nothing.
 * P2. When a commit of another member takes that place, the stamp moves to the `stamp` table. So
 *     the table is looked at only if the row names another member.
 * P3. A fence lies in the table, and takes the member's stamp out of the ledger's row.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Applied, Stamp } from '../../transaction.ts';
import type { Connection } from '../file/connection.ts';
import type { Ledgers, LedgerState } from '../ledgers.ts';
import { foldTail } from './fold.ts';

/**
 * How long a stamp is kept after its member was followed by another: longer than any message
 * lives.
 */
const keptMs = 86_400_000;

interface Known {
  readonly sequence: number;
  /** Undefined for a fence. */
  readonly applied: Applied | undefined;
}

function lastOf(connection: Connection, ledger: LedgerState, member: string): Known | undefined {
  const { stamp, head } = ledger;
  if (stamp?.member === member) {
    const { sequence, base, time } = stamp;
    return { sequence, applied: { kind: 'applied', base, incarnation: head.incarnation, time } };
  }
  const row = connection.first(
    'SELECT sequence, base, incarnation, time FROM stamp WHERE ledger = ? AND member = ?',
    ledger.name,
    member,
  );
  if (row === undefined) return undefined;
  const [sequence, base, incarnation, time] = row;
  const applied: Applied | undefined =
    base === null
      ? undefined
      : {
          kind: 'applied',
          base: base as number,
          incarnation: incarnation as string,
          time: time as number,
        };
  return { sequence: sequence as number, applied };
}

/** Throws `fenced` if the member's last stamp on the ledger is this one or a later one. */
export function checkStamp(connection: Connection, ledger: LedgerState, stamp: Stamp): void {
  const last = lastOf(connection, ledger, stamp.member);
  if (last === undefined || last.sequence < stamp.sequence) return;
  const { member, sequence } = stamp;
  throw new HoldfastError('fenced', `stamp ${sequence} comes after ${last.sequence}`, {
    details: { member, sequence, last: last.sequence },
  });
}

/** Moves the ledger's last stamp aside before one of another member takes its place. */
export function keepLastStamp(
  connection: Connection,
  { name, stamp, head }: LedgerState,
  next: Stamp,
): void {
  if (stamp === undefined || stamp.member === next.member) return;
  const { member, sequence, base, time } = stamp;
  connection.run(
    'INSERT OR REPLACE INTO stamp VALUES (?, ?, ?, ?, ?, ?, ?)',
    name,
    member,
    sequence,
    base,
    head.incarnation,
    time,
    connection.options.clock.now(),
  );
}

export function pruneStamps(connection: Connection, ledger: string): void {
  const before = connection.options.clock.now() - keptMs;
  connection.run('DELETE FROM stamp WHERE ledger = ? AND kept_at < ?', ledger, before);
}

export type Resolution =
  | { readonly kind: 'known'; readonly answer: Applied | 'not-applied' }
  | { readonly kind: 'fenced' };

/** What became of a call; one that was not applied is fenced within this write transaction. */
export function resolveStamp(
  connection: Connection,
  ledgers: Ledgers,
  ledger: LedgerState,
  stamp: Stamp,
): Resolution {
  const { member, sequence } = stamp;
  const last = lastOf(connection, ledger, member);
  if (last !== undefined && last.sequence > sequence) {
    throw new HoldfastError('stamp_expired', 'the member went on to a later stamp', {
      details: { asked: sequence, last: last.sequence },
    });
  }
  if (last?.sequence === sequence) {
    return { kind: 'known', answer: last.applied ?? 'not-applied' };
  }
  const now = connection.options.clock.now();
  connection.run(
    'INSERT OR REPLACE INTO stamp VALUES (?, ?, ?, NULL, NULL, NULL, ?)',
    ledger.name,
    member,
    sequence,
    now,
  );
  if (ledger.stamp?.member === member) {
    foldTail(connection, ledgers, ledger);
    connection.run(
      `UPDATE scope SET stamp_member = NULL, stamp_sequence = NULL, stamp_base = NULL,
       stamp_time = NULL, changes = changes + 1 WHERE ledger = ? AND name = ''`,
      ledger.id,
    );
  }
  return { kind: 'fenced' };
}
