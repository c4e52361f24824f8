/**
 * The tail of a ledger: what its last groups did to the head and to the counts of scopes, while
 * only the log tells it.
 *
 * T1. An ordinary commit changes the pages of its entries and the end of the log, no other: its log
 *     row also holds the totals of the ledger after it, and what it adds to the counts of scopes.
 * T2. The tail is the log rows behind the revision of the head's row. Whoever asks for a head takes
 *     the last of them; whoever asks for counts adds all of them to the rows.
 * T3. A commit that does more than the tail can say folds it: it brings the rows up to date in its
 *     own transaction. So does every commit that finds the tail long. What a process leaves behind
 *     is folded by the next one to commit.
 */
import type { Connection } from './file/connection.ts';
import { revisionBits, revisionMask } from './schema.ts';

/** How long a tail becomes: what a new reader adds up, and what a fold writes at once. */
const groupsMax = 64;
const scopesMax = 1024;

/** What is to be added to a scope's row; its revision is the greater one. */
export interface Counts {
  entries: number;
  bytes: number;
  revision: number;
}

export interface Tail {
  groups: number;
  /** By scope number. */
  readonly scopes: Map<number, Counts>;
}

const selectTail = `SELECT first, counts FROM log
  WHERE id > (?1 << ${revisionBits} | ?2) AND id < (?1 + 1 << ${revisionBits}) ORDER BY id`;
const updateScope = `UPDATE scope SET entries = entries + ?, bytes = bytes + ?,
  revision = max(revision, ?) WHERE id = ?`;

/** SQL for the number of a ledger's last log row, NULL if the log ends at or before `revision`. */
export function lastLogRow(ledger: string, revision: string): string {
  return `(SELECT max(id) FROM log WHERE id > (${ledger} << ${revisionBits} | ${revision})
    AND id < (${ledger} + 1 << ${revisionBits}))`;
}

/** SQL for the revision of a row of the log. */
export function revisionOf(id: string): string {
  return `(${id} & ${revisionMask})`;
}

export function emptyTail(): Tail {
  return { groups: 0, scopes: new Map() };
}

/** The log rows of a ledger behind `folded`. */
export function readTail(connection: Connection, ledger: number, folded: number): Tail {
  const tail = emptyTail();
  for (const [first, counts] of connection.all(selectTail, ledger, folded)) {
    tail.groups += 1;
    const base = (first as number) - 1;
    const fields = JSON.parse(counts as string) as number[];
    for (let at = 0; at < fields.length; at += 4) {
      const [id = 0, entries = 0, bytes = 0, offset = 0] = fields.slice(at, at + 4);
      addCounts(tail, id, { entries, bytes, revision: offset === 0 ? 0 : base + offset });
    }
  }
  return tail;
}

export function isLong({ groups, scopes }: Tail): boolean {
  return groups >= groupsMax || scopes.size >= scopesMax;
}

export function addCounts({ scopes }: Tail, scope: number, more: Counts): void {
  const counts = scopes.get(scope);
  if (counts === undefined) {
    const { entries, bytes, revision } = more;
    scopes.set(scope, { entries, bytes, revision });
    return;
  }
  counts.entries += more.entries;
  counts.bytes += more.bytes;
  counts.revision = Math.max(counts.revision, more.revision);
}

/** Adds to a scope's row. */
export function writeCounts(connection: Connection, scope: number, more: Counts): void {
  connection.run(updateScope, more.entries, more.bytes, more.revision, scope);
}
