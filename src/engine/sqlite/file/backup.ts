/**
 * A copy of a store file while others write, and the way back.
 *
 * B1. A copy shows one moment. It is written beside its name, synced, and only then given the name:
 *     whoever finds the name finds a whole store.
 * B2. A store is replaced only if nobody has it open.
 *
 * The copying is SQLite's `VACUUM INTO`, on a thread of its own so that the event loop stays free.
 */
import { statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { Clock } from '../../../internal/clock.ts';
import { fromFileSystem, fromSqlite, isBusy } from './errors.ts';
import { inspect } from './inspect.ts';

export interface CopyOptions {
  readonly clock: Clock;
  /** Replaces what has that name, if nobody has it open. */
  readonly replace?: boolean | undefined;
  /** Told the bytes written so far, and about how many there will be. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const pollMs = 100;

const copying = `
const { workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(workerData.from, { readOnly: true, timeout: 5000 });
database.prepare('VACUUM INTO ?').run(workerData.to);
database.close();
`;

/** Copies the store at `from` to `to`. Returns the bytes of the copy. */
export async function copyStoreFile(
  from: string,
  to: string,
  options: CopyOptions,
): Promise<number> {
  if (inspect(from) !== 'store') {
    throw new HoldfastError('store_missing', `there is no store at ${from}`, {
      details: { path: from },
    });
  }
  const isTaken = statSync(to, { throwIfNoEntry: false }) !== undefined;
  if (isTaken && options.replace !== true) {
    const message = `${to} exists; name another file, or say that it may be replaced`;
    throw new HoldfastError('invalid_argument', message, { details: { path: to } });
  }
  const partial = `${to}.partial`;
  try {
    await rm(partial, { force: true });
    await copy(from, partial, options);
    await sync(partial);
    if (isTaken) await setAside(to);
    await rename(partial, to);
    if (process.platform !== 'win32') await sync(dirname(to));
    return statSync(to).size;
  } catch (error) {
    await rm(partial, { force: true });
    throw isHoldfastError(error) ? error : fromSqlite(fromFileSystem(error, to), to);
  }
}

async function copy(from: string, to: string, options: CopyOptions): Promise<void> {
  const total = bytesOf(from);
  const state = { isDone: false };
  const worker = new Worker(copying, { eval: true, workerData: { from, to }, execArgv: [] });
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  }).finally(() => {
    state.isDone = true;
  });
  const told = (async () => {
    while (!state.isDone) {
      await options.clock.sleep(pollMs);
      const done = statSync(to, { throwIfNoEntry: false })?.size ?? 0;
      options.onProgress?.(Math.min(done, total), total);
    }
  })();
  await Promise.all([ended, told]);
}

/** Bytes of the pages that hold something. */
function bytesOf(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database
      .prepare(
        `SELECT (page_count - freelist_count) * page_size AS bytes
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
      )
      .get();
    return Number(row?.['bytes']);
  } finally {
    database.close();
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Leaving the WAL needs the file for oneself; a file too damaged to be opened is nobody's. */
async function setAside(path: string): Promise<void> {
  try {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec('PRAGMA journal_mode = DELETE');
    } finally {
      database.close();
    }
  } catch (error) {
    if (isBusy(error)) {
      const message = `another process has ${path} open; stop it first`;
      throw new HoldfastError('store_locked', message, { details: { path }, cause: error });
    }
  }
  await rm(`${path}-wal`, { force: true });
  await rm(`${path}-shm`, { force: true });
}
