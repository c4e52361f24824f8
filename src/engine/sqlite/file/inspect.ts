/**
 * Finding out what a file is before anything could change it.
 *
 * I1. A file is looked at through SQLite only, never opened by other means: POSIX drops all locks
 *     of a process on a file when the process closes any handle on it, and with them those of a
 *     store that is open in this process.
 * I2. The first look takes no lock, reads no WAL and creates nothing (`immutable`). It is enough
 *     for every file but one whose beginning is still in its WAL, or that a power cut left half
 *     written back from its WAL; those are looked at a second time, with the WAL.
 */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { HoldfastError } from '../../../errors/index.ts';
import { fromFileSystem, isCorrupt, isNotADatabase, isSqliteError } from './errors.ts';
import { applicationId, formatVersion } from '../schema.ts';

export type Found = 'nothing' | 'empty' | 'store';

/** Throws `store_foreign`, `store_newer` or `invalid_argument` for what is no store of ours. */
export function inspect(path: string): Found {
  const bytes = sizeOf(path);
  if (bytes === undefined) return 'nothing';
  if (bytes === 0) return 'empty';
  const hasWal = sizeOf(`${path}-wal`) !== undefined;
  const url = `${pathToFileURL(path).href}?immutable=1`;
  try {
    const first = look(url, path);
    if (first !== 'empty' || !hasWal) return first;
  } catch (error) {
    if (!isCorrupt(error) || !hasWal) throw error;
  }
  return look(path, path);
}

function sizeOf(path: string): number | undefined {
  let found;
  try {
    found = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fromFileSystem(error, path);
  }
  if (found === undefined) return undefined;
  if (!found.isFile()) {
    throw new HoldfastError('invalid_argument', `${path} is a folder or device, not a file`, {
      details: { path },
    });
  }
  return found.size;
}

function look(location: string, path: string): Found {
  const database = new DatabaseSync(location, { readOnly: true });
  try {
    return identifyAtOnce(database, path);
  } catch (error) {
    if (isNotADatabase(error)) throw foreign(path, 'no SQLite file');
    throw error;
  } finally {
    database.close();
  }
}

/** What the file that `database` has open is, at one moment: another process may be making it. */
export function identifyAtOnce(database: DatabaseSync, path: string): Found {
  database.exec('BEGIN');
  try {
    return identify(database, path);
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK');
  }
}

/** What the file that `database` has open is, as the transaction that is open sees it. */
export function identify(database: DatabaseSync, path: string): Found {
  // A look without locks may meet a file that grows; its first page is all that is asked for.
  database.exec('PRAGMA writable_schema = ON');
  const owner = numberOf(database, 'PRAGMA application_id');
  if (owner === applicationId) {
    const format = numberOf(database, 'PRAGMA user_version');
    if (format === formatVersion) return 'store';
    if (format > formatVersion) throw newer(path, format);
    throw new HoldfastError('store_corrupt', `${path} says that it has format ${format}`, {
      details: { path, format },
    });
  }
  if (owner !== 0) throw foreign(path, `a SQLite file of application ${owner}`);
  if (countTables(database) > 0) throw foreign(path, 'a SQLite file with tables of its own');
  return 'empty';
}

function countTables(database: DatabaseSync): number {
  try {
    return numberOf(database, 'SELECT count(*) FROM sqlite_schema');
  } catch (error) {
    // A schema that cannot be read is not ours, and not empty.
    if (isSqliteError(error) && (error.errcode & 0xff) === 11) return 1;
    throw error;
  }
}

function numberOf(database: DatabaseSync, sql: string): number {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return (statement.get() as unknown as [number])[0];
}

function foreign(path: string, what: string): HoldfastError {
  const message = `${path} is ${what}, not a Holdfast store; it was left untouched`;
  return new HoldfastError('store_foreign', message, { details: { path } });
}

function newer(path: string, format: number): HoldfastError {
  const message =
    `${path} has format ${format}, this version of Holdfast knows ${formatVersion}; ` +
    'it was left untouched';
  return new HoldfastError('store_newer', message, { details: { path, format, formatVersion } });
}
