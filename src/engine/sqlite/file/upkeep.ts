/**
 * Looking after the file: emptying the WAL, overwriting what was deleted, checking, counting.
 *
 * U1. `secure_delete = FAST` zeroes what is deleted within pages that are written anyway. What it
 *     leaves are whole pages that became free; `overwriteFreePages` fills those with zeroes.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { HoldfastError } from '../../../errors/index.ts';
import type { Connection } from './connection.ts';
import { fromSqlite } from './errors.ts';

/** Written in one transaction while free pages are overwritten; bounds the pause and the WAL. */
const sweepBytes = 4_194_304;

export async function overwriteFreePages(connection: Connection): Promise<void> {
  const page = numberOf(connection, 'PRAGMA page_size');
  await connection.update('sync', () => {
    connection.execute('CREATE TABLE IF NOT EXISTS sweep (zeroes BLOB)');
    return true;
  });
  for (;;) {
    const isDone = await connection.update('sync', () => {
      const free = numberOf(connection, 'PRAGMA freelist_count');
      const bytes = Math.min(sweepBytes, free * page);
      // Less than a page would not take one from the list, so the last one is asked for whole.
      if (free > 0) connection.run('INSERT INTO sweep VALUES (zeroblob(?))', Math.max(page, bytes));
      return { isLast: bytes < sweepBytes };
    });
    if (isDone?.isLast === true) break;
  }
  await connection.update('sync', () => {
    connection.execute('DROP TABLE IF EXISTS sweep');
    return true;
  });
}

/** Throws `busy` if readers or writers of other processes stay in the WAL for too long. */
export async function emptyWal(connection: Connection): Promise<void> {
  const { clock, random, busyTimeoutMs } = connection.options;
  const deadline = clock.monotonic() + busyTimeoutMs;
  for (;;) {
    const [isHindered] = await connection.alone(
      () => connection.first('PRAGMA wal_checkpoint(TRUNCATE)') ?? [1],
    );
    if (isHindered === 0) return;
    if (clock.monotonic() >= deadline) {
      const { path } = connection;
      const message = `others stayed in the WAL of ${path} for ${busyTimeoutMs} ms; try again`;
      throw new HoldfastError('busy', message, { details: { path } });
    }
    await clock.sleep(1 + 9 * random.float());
  }
}

const checking = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
try {
  const database = new DatabaseSync(workerData, { readOnly: true, timeout: 5000 });
  const found = database.prepare('PRAGMA integrity_check').all();
  database.close();
  parentPort.postMessage({ found: found.map((row) => String(row.integrity_check)) });
} catch ({ message, code, errcode }) {
  parentPort.postMessage({ error: { message, code, errcode } });
}
`;

interface Checked {
  readonly found?: string[];
  readonly error?: { readonly message: string };
}

/** Reads the whole file, on a thread of its own so that the event loop stays free. */
export async function checkIntegrity(path: string): Promise<string[]> {
  const worker = new Worker(checking, { eval: true, workerData: path, execArgv: [] });
  const [{ found = [], error }] = (await once(worker, 'message')) as [Checked];
  await worker.terminate();
  if (error !== undefined) throw fromSqlite(Object.assign(new Error(error.message), error), path);
  return found.length === 1 && found[0] === 'ok' ? [] : found;
}

export interface FileFacts {
  readonly storedBytes: number;
  readonly facts: Readonly<Record<string, string | number>>;
}

export function factsOf(connection: Connection): FileFacts {
  const { path } = connection;
  const pageSize = numberOf(connection, 'PRAGMA page_size');
  const pages = numberOf(connection, 'PRAGMA page_count');
  const freePages = numberOf(connection, 'PRAGMA freelist_count');
  const walBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const sqlite = String(connection.first('SELECT sqlite_version()')?.[0]);
  return {
    storedBytes: pageSize * pages + walBytes,
    facts: { path, sqlite, pageSize, pages, freePages, walBytes },
  };
}

function numberOf(connection: Connection, sql: string): number {
  return connection.first(sql)?.[0] as number;
}
