/** A ledger whose row is locked: how a transaction that does so begins, and what the row says. */
import type { Head } from '../../entry.ts';
import type { Durability } from '../../transaction.ts';
import { layoutVersion, newer } from '../schema.ts';
import { headColumns, headOf } from '../stored.ts';
import type { PostgresStore } from '../store.ts';
import { sessionSettings } from '../wire/driver.ts';
import type { Row, Session } from '../wire/session.ts';

export interface Held {
  readonly session: Session;
  readonly ledger: string;
  readonly head: Head;
  /** The run of the server that the next commit belongs to. */
  readonly run: string;
  /** Whether nothing can have been lost since the last commit. */
  readonly continues: boolean;
}

export const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE';

const transactionTimeoutVersion = 170_000;

/** What a transaction begins with; a direct connection has started with the rest. */
export function beginningOf(
  { settings, facts }: PostgresStore,
  session: Session,
  durability: Durability,
): string {
  const own: Record<string, string | number> = session.isDirect ? {} : sessionSettings(settings);
  if (durability !== 'sync') own['synchronous_commit'] = 'off';
  else if (!facts.isSyncByDefault) own['synchronous_commit'] = facts.syncCommit;
  if (facts.version >= transactionTimeoutVersion) own['transaction_timeout'] = settings.timeoutMs;
  const rest = Object.entries(own).map(([name, value]) => `; SET LOCAL ${name} = ${value}`);
  return `${begin}${rest.join('')}`;
}

/** Which rows, and how they are locked, is to be added. */
export const lockedRows = `SELECT l.name, ${headColumns}, r.id,
    l.run = r.id AND l.writer = l.xmin::text::bigint, (SELECT oldest FROM {store})
  FROM {ledger} l LEFT JOIN {server_run} r ON r.started = pg_postmaster_start_time()`;

/** Whether the server's run has a row: without one, nothing can be committed to it. */
export function hasRun(row: Row): boolean {
  return row[8] !== null;
}

/** Throws `store_newer` if this version must not write to the store any more. */
export function heldOf(store: PostgresStore, session: Session, row: Row): Held {
  const [run, continues, oldest] = row.slice(8) as [string, boolean | null, number];
  if (oldest > layoutVersion) throw newer(store.settings, oldest);
  const [ledger] = row as [string];
  return { session, ledger, head: headOf(row, 1), run, continues: continues === true };
}
