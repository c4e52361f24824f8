/** Rows of the tables as the contract's entries, heads and scope counts. */
import type { Head, Ref, ScopeStat, StoredEntry } from '../entry.ts';
import type { Row } from './wire/session.ts';

/** The columns of an entry `e`, in the order in which `entryOf` takes them. */
export const entryColumns = `e.version, e.created_at, e.updated_at, e.expires_at, e.schema, e.size,
  e.external, e.content, e.bytes`;

/** `start` is where the columns of the entry begin. */
export function entryOf({ scope, key }: Ref, row: Row, start = 0): StoredEntry {
  const expiresAt = row[start + 3];
  const content = row[start + 7];
  return {
    scope,
    key,
    content: (content === null ? row[start + 8] : content) as string | Uint8Array,
    version: row[start] as number,
    createdAt: row[start + 1] as number,
    updatedAt: row[start + 2] as number,
    expiresAt: expiresAt === null ? undefined : (expiresAt as number),
    schema: row[start + 4] as number,
    size: row[start + 5] as number,
    external: row[start + 6] as boolean,
  };
}

/** The columns of a ledger `l`, in the order in which `headOf` takes them. */
export const headColumns = `l.revision, l.time, l.trimmed, l.entries, l.bytes, l.log_bytes,
  l.incarnation`;

export function headOf(row: Row, start = 0): Head {
  return {
    incarnation: row[start + 6] as string,
    revision: row[start] as number,
    time: row[start + 1] as number,
    trimmed: row[start + 2] as number,
    entries: row[start + 3] as number,
    bytes: row[start + 4] as number,
    logBytes: row[start + 5] as number,
  };
}

export const emptyHead: Head = {
  incarnation: '',
  revision: 0,
  time: 0,
  trimmed: 0,
  entries: 0,
  bytes: 0,
  logBytes: 0,
};

export function emptyStat(scope: string): ScopeStat {
  return { scope, entries: 0, bytes: 0, revision: 0 };
}
