/**
 * The layout of a store file, the record of its encoding. `sqlite3 FILE` shows all of it as text.
 *
 * What a group of commits costs is the number of pages that it changes, so:
 *
 * S1. Entries are clustered by (scope, key) under a short scope number; no index follows every
 *     write. The expiry index holds only entries that expire, the index of empty scopes only empty
 *     ones.
 * S2. A group is one row of `log`. Its tags stand before its body, so that they can be read from
 *     the row's own page while the body lies on pages behind it.
 * S3. Content comes last in its row for the same reason: a listing of keys leaves it unread.
 * S4. The head, the last stamp and `changes` (which counts every transaction that wrote this row)
 *     are one row: that of the scope without a name, next to the counts of the ledger's other
 *     scopes. `stamp` holds only what that row cannot: fences, and the last stamps of members that
 *     others have followed.
 * S5. The rows of `scope` may lag behind the log: a row of the log with a later revision than the
 *     head's row holds the sequence of its stamp, the ledger's totals after it, and what it adds to
 *     the counts of scopes, as `[scope, entries, bytes, offset, …]` (tail.ts). `scope` and these
 *     rows together are what is true; a store that was closed has none of them.
 * S6. Scope numbers may be used again. A scope's row goes only when it is empty and the log no
 *     longer reaches back to it.
 *
 * A change of this layout is a new `formatVersion` and a step that upgrades the old one.
 */

/** "HFST": tells a store from any other SQLite file. */
export const applicationId = 0x48465354;
export const formatVersion = 2;

/**
 * Random keys dirty one page each, so small pages win there (8 KiB: 0.6 times the throughput);
 * below 4 KiB the file system writes more than the page.
 */
export const pageBytes = 4096;

/**
 * A row of the log has the number `ledger << 42 | last revision`. Such rows are appended to a
 * rowid table, whose leaves SQLite fills without moving their neighbours: half the pages of an
 * index. There is room for 4 million million revisions of a ledger and for 2 million ledgers.
 *
 * Only the ledger with the highest number is at the end of the table; any other appends before
 * somebody's rows, which costs a page more for every commit. So numbers go down: the store's first
 * ledger, in most stores the one that matters, keeps the end.
 */
export const revisionBits = 42;
export const firstLedger = 2 ** (63 - revisionBits) - 2;
export const revisionMask = 2 ** revisionBits - 1;

export const schemaSql = `
CREATE TABLE ledger (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE scope (
  id INTEGER PRIMARY KEY,
  ledger INTEGER NOT NULL,
  name TEXT NOT NULL,
  entries INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  time INTEGER,
  incarnation TEXT,
  trimmed INTEGER,
  log_bytes INTEGER,
  changes INTEGER,
  stamp_member TEXT,
  stamp_sequence INTEGER,
  stamp_base INTEGER,
  stamp_time INTEGER,
  UNIQUE (ledger, name)
) STRICT;
CREATE INDEX scope_empty ON scope (ledger, revision) WHERE entries = 0 AND name > '';
CREATE TABLE entry (
  scope INTEGER NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  schema INTEGER NOT NULL,
  size INTEGER NOT NULL,
  external INTEGER NOT NULL,
  content ANY NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_expiry ON entry (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  first INTEGER NOT NULL,
  time INTEGER NOT NULL,
  sequence INTEGER,
  entries INTEGER,
  bytes INTEGER,
  log_bytes INTEGER,
  counts TEXT,
  tags TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE incarnation (
  ledger INTEGER NOT NULL,
  start INTEGER NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (ledger, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE stamp (
  ledger TEXT NOT NULL,
  member TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  base INTEGER,
  incarnation TEXT,
  time INTEGER,
  kept_at INTEGER NOT NULL,
  PRIMARY KEY (ledger, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE member (
  id TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE upkeep (
  name TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO upkeep VALUES ('flush', 0);
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${formatVersion};
`;
