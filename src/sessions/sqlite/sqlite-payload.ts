/**
 * Sessions that are a SQLite database: a handler gets it open, the session extension of SQLite says
 * what changed, and that travels.
 *
 * Q1. The hash is over logical rows and the schema. It is carried along with each change: what a
 *     turn costs follows what it changed, but for copying the database's bytes.
 * Q2. Where a changeset cannot say what happened the whole database is sent: after a change of
 *     schema, and always if there is a trigger, or a table that has no primary key that the
 *     extension follows byte for byte, counts with AUTOINCREMENT, is virtual or has generated
 *     columns.
 * Q3. Of a delta that is applied only the keys are believed: the hash is of the rows that there
 *     are.
 *
 * A patchset, which says less, is taken too.
 *
 * Needs a Node whose `node:sqlite` can serialize; `unsupported` otherwise.
 */
import { constants, DatabaseSync } from 'node:sqlite';
import type { Session } from 'node:sqlite';
import { HoldfastError } from '../../errors/index.ts';
import { bytesPayload, changedHash } from '../../layers/sessions/index.ts';
import type { BytesCodec, StateHash } from '../../layers/sessions/index.ts';
import { rowChanges } from './changeset.ts';
import type { RowChange } from './changeset.ts';
import { hashAfter, hashOf, quoted, rowsAt, schemaOf, tablesOf } from './rows.ts';

interface Editing {
  readonly before: Uint8Array;
  readonly schema: string;
  readonly recording: Session;
}

/** What is known of bytes that this module made; gone with them. */
const hashes = new WeakMap<Uint8Array, StateHash>();
const origins = new WeakMap<
  Uint8Array,
  { before: Uint8Array; changeset: Uint8Array | undefined }
>();
const editings = new WeakMap<DatabaseSync, Editing>();

export const sqliteCodec: BytesCodec = {
  name: 'sqlite',
  empty: () => new Uint8Array(),
  hash(bytes) {
    let hash = hashes.get(bytes);
    if (hash === undefined) {
      hash = reading(bytes, hashOf);
      hashes.set(bytes, hash);
    }
    return hash;
  },
  diff(before, after) {
    const origin = origins.get(after);
    return origin?.before === before ? origin.changeset : compared(before, after);
  },
  apply(before, delta) {
    return reading(before, (db) => {
      const changes = rowChanges(delta);
      checkFollowed(db, changes);
      const gone = rowsAt(db, changes);
      const onConflict = (): number => constants.SQLITE_CHANGESET_ABORT;
      if (!db.applyChangeset(delta, { onConflict })) {
        throw new HoldfastError('state_mismatch', 'the changeset is of another database');
      }
      const after = db.serialize();
      hashes.set(after, changedHash(sqliteCodec.hash(before), gone, rowsAt(db, changes)));
      return after;
    });
  },
};

/**
 * A handler's `turn.state` is an open `DatabaseSync` in memory, its own until it returns. It must
 * not be closed, and transactions must be finished. Hosts need `sqliteCodec`. Costs a copy of the
 * database's bytes per turn, besides what changed.
 *
 * @example
 * import { agentOf, linkPair, SessionHost, SessionWorker } from 'holdfast/sessions';
 * import { sqliteCodec, sqlitePayload } from 'holdfast/sessions';
 *
 * const visits = agentOf(sqlitePayload, ({ state: db, input }) => {
 *   db.exec('CREATE TABLE IF NOT EXISTS visits (name TEXT PRIMARY KEY)');
 *   db.prepare('INSERT OR IGNORE INTO visits VALUES (?)').run(String(input));
 *   return db.prepare('SELECT name FROM visits ORDER BY name').all();
 * });
 * await using own = new SessionHost(app, { codecs: [sqliteCodec] });
 * const [near, far] = linkPair();
 * own.attach(near);
 * void new SessionWorker({ agents: { visits } }).serve(far);
 * await own.turn({ session: 's', id: '1', agent: 'visits', input: 'Bob' });
 * const outcome = await own.turn({ session: 's', id: '2', agent: 'visits', input: 'Ada' });
 * outcome; // => { kind: 'done', output: [{ name: 'Ada' }, { name: 'Bob' }] }
 */
export const sqlitePayload = bytesPayload<DatabaseSync>(sqliteCodec, {
  open(before) {
    const db = opened(before, true);
    editings.set(db, { before, schema: schemaOf(db), recording: db.createSession() });
    return db;
  },
  close(db) {
    const editing = editings.get(db);
    if (editing === undefined) throw new HoldfastError('closed', 'the database was closed');
    const { before, schema, recording } = editing;
    const isSayable = schemaOf(db) === schema && isFollowed(db);
    const changeset = isSayable ? Uint8Array.from(recording.changeset()) : undefined;
    recording.close();
    const after = db.serialize();
    if (changeset !== undefined) {
      hashes.set(after, hashAfter(db, sqliteCodec.hash(before), rowChanges(changeset)));
    }
    origins.set(after, { before, changeset });
    db.close();
    return after;
  },
  discard(db) {
    editings.get(db)?.recording.close();
    if (db.isOpen) db.close();
  },
});

/** A changeset between any two databases: as many steps as there are rows. */
function compared(before: Uint8Array, after: Uint8Array): Uint8Array | undefined {
  return reading(before, (db) => {
    const target = opened(after);
    const isSayable = schemaOf(db) === schemaOf(target) && isFollowed(db);
    target.close();
    if (!isSayable) return undefined;
    db.exec(`ATTACH ':memory:' AS target`);
    db.deserialize(after, { dbName: 'target' });
    const recording = db.createSession();
    for (const { name, columns, key } of tablesOf(db)) {
      const [mine, theirs] = [`main.${quoted(name)}`, `target.${quoted(name)}`];
      const [list, keys] = [columns.map(quoted).join(', '), key.map(quoted).join(', ')];
      db.exec(`DELETE FROM ${mine} WHERE (${keys}) NOT IN (SELECT ${keys} FROM ${theirs})`);
      db.exec(
        `INSERT OR REPLACE INTO ${mine} (${list})
         SELECT ${list} FROM ${theirs} EXCEPT SELECT ${list} FROM ${mine}`,
      );
    }
    const changeset = Uint8Array.from(recording.changeset());
    recording.close();
    return changeset;
  });
}

/** Whether changesets tell all that happens. A trigger would do its work a second time. */
function isFollowed(db: DatabaseSync): boolean {
  const triggers = db.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'trigger'`);
  return triggers.get() === undefined && tablesOf(db).every((table) => table.isTracked);
}

/** SQLite passes over tables that are not there, so they have to be met before. */
function checkFollowed(db: DatabaseSync, changes: readonly RowChange[]): void {
  const widths = new Map(tablesOf(db).map(({ name, columns }) => [name, columns.length]));
  const isKnown = changes.every(({ table, keys }) => widths.get(table) === keys.length);
  if (isKnown && isFollowed(db)) return;
  throw new HoldfastError('state_mismatch', 'the changeset is of a database with other tables');
}

function reading<T>(bytes: Uint8Array, read: (db: DatabaseSync) => T): T {
  const db = opened(bytes);
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/**
 * Throws `protocol` if the bytes are no database. Where changes are repeated that happened already,
 * foreign keys must neither act again nor mind the order of the tables.
 */
function opened(bytes: Uint8Array, enableForeignKeyConstraints = false): DatabaseSync {
  const db = new DatabaseSync(':memory:', { enableForeignKeyConstraints });
  try {
    if (typeof db.deserialize !== 'function') throw unsupported();
    if (bytes.byteLength > 0) db.deserialize(bytes);
    schemaOf(db);
    return db;
  } catch (error) {
    db.close();
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError('protocol', 'the bytes are no SQLite database', { cause: error });
  }
}

function unsupported(): HoldfastError {
  const text = 'sessions of SQLite databases need a Node whose node:sqlite can serialize (24.16)';
  return new HoldfastError('unsupported', text);
}
