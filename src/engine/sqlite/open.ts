/**
 * Opens `file:PATH`: one file that holds a store, made if it is missing.
 *
 * O1. A file that is no store of ours is left as it is, to the byte.
 * O2. Several processes may open the same new file at once: each step can be repeated, and the
 *     layout is written in one transaction that looks again.
 * O3. A new file's name is synced into its folder, and so are the folders made for it.
 */
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { EngineOptions } from '../registry.ts';
import { Connection } from './file/connection.ts';
import { explainFailure, fromFileSystem, isBusy, isCannotOpen } from './file/errors.ts';
import { identify, identifyAtOnce, inspect } from './file/inspect.ts';
import { pageBytes, schemaSql } from './schema.ts';
import { SqliteEngine } from './sqlite-engine.ts';

/** Up to 3.51.2 SQLite could lose commits when several processes restarted a WAL at once. */
const sqliteVersionMin = [3, 51, 3] as const;

/** Memory for pages that SQLite keeps, beside the entries that the engine keeps. */
const pageCacheKib = 16_384;
/** The last one to close removes the WAL; whoever opens just then cannot, for a moment. */
const cannotOpenMs = 200;
/** What is left of the WAL's file after a checkpoint has emptied it. */
const walBytesKept = 67_108_864;

export async function openSqliteEngine(url: string, options: EngineOptions): Promise<SqliteEngine> {
  requireVersion();
  const path = pathOf(url);
  try {
    const connection = await whileLocked(path, options, () => connect(path, options));
    return new SqliteEngine(connection, options);
  } catch (error) {
    throw await explainFailure(error, path);
  }
}

function pathOf(url: string): string {
  const path = /^file:(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1];
  if (path === undefined || path.includes('\0') || path.startsWith('//')) {
    throw new HoldfastError('invalid_argument', `'${url}' is not file:PATH`, { details: { url } });
  }
  if (/[/\\]$/.test(path)) {
    const message = `'${url}' names a folder; name the file, as in file:${path}store.db`;
    throw new HoldfastError('invalid_argument', message, { details: { url } });
  }
  return resolve(path);
}

function requireVersion(): void {
  const database = new DatabaseSync(':memory:');
  const row = database.prepare('SELECT sqlite_version() AS version').get();
  database.close();
  const version = String(row?.['version']);
  if (isOldVersion(version)) {
    const message = `SQLite ${version} can lose commits; ${sqliteVersionMin.join('.')} is needed`;
    throw new HoldfastError('unsupported', message, { details: { version } });
  }
}

/** Whether a version of SQLite is too old to share a file between processes. */
export function isOldVersion(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of sqliteVersionMin.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

/** Repeats what others hinder, until the time is up: then they hold the file for themselves. */
async function whileLocked<T>(path: string, options: EngineOptions, step: () => T): Promise<T> {
  const { clock, random, busyTimeoutMs } = options;
  const start = clock.monotonic();
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error) && !isCannotOpen(error)) throw error;
      const waitMs = isBusy(error) ? busyTimeoutMs : Math.min(busyTimeoutMs, cannotOpenMs);
      if (clock.monotonic() - start >= waitMs) throw lockedOut(path, error);
    }
    await clock.sleep(1 + 9 * random.float());
  }
}

function lockedOut(path: string, cause: unknown): unknown {
  if (!isBusy(cause)) return cause;
  const message = `another program holds ${path}; close it and try again`;
  return new HoldfastError('store_locked', message, { details: { path }, cause });
}

function connect(path: string, options: EngineOptions): Connection {
  const found = inspect(path);
  if (found !== 'store' && (options.mustExist || options.readOnly)) {
    const message = `there is no store at ${path}`;
    throw new HoldfastError('store_missing', message, { details: { path } });
  }
  if (!options.readOnly) prepareFolder(path, found !== 'nothing');
  const database = new DatabaseSync(path, { readOnly: options.readOnly, timeout: 0 });
  try {
    configure(database, path, options.readOnly);
    return new Connection(database, realpathSync(path), options);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Says early, and by name, that the file or its folder cannot be written. */
function prepareFolder(path: string, exists: boolean): void {
  const folder = dirname(path);
  try {
    if (!exists) {
      const made = mkdirSync(folder, { recursive: true });
      if (made !== undefined) syncFolders(folder, dirname(made));
    }
    accessSync(folder, constants.W_OK);
    if (exists) accessSync(path, constants.W_OK);
  } catch (error) {
    throw isHoldfastError(error) ? error : fromFileSystem(error, path);
  }
}

/** Syncs `folder` and those above it, up to `top`. */
function syncFolders(folder: string, top: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  if (folder !== top && basename(folder) !== '') syncFolders(join(folder, '..'), top);
}

function configure(database: DatabaseSync, path: string, readOnly: boolean): void {
  database.exec(`PRAGMA cache_size = -${pageCacheKib}; PRAGMA foreign_keys = OFF`);
  if (readOnly) {
    requireStore(database, path);
    return;
  }
  database.exec(`PRAGMA page_size = ${pageBytes}`);
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal') {
    const message = `the file system of ${path} cannot share a WAL (journal mode ${String(mode)})`;
    throw new HoldfastError('unsupported', message, { details: { path } });
  }
  database.exec(`PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST;
    PRAGMA journal_size_limit = ${walBytesKept}`);
  if (identifyAtOnce(database, path) === 'empty') create(database, path);
}

function requireStore(database: DatabaseSync, path: string): void {
  if (identifyAtOnce(database, path) === 'store') return;
  const message = `there is no store at ${path}`;
  throw new HoldfastError('store_missing', message, { details: { path } });
}

function create(database: DatabaseSync, path: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    if (identify(database, path) === 'empty') database.exec(schemaSql);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  if (process.platform !== 'win32') syncFolders(dirname(path), dirname(path));
}
