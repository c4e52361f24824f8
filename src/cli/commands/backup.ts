/**
 * `backup` and `restore`: a store as a file, and back.
 *
 * A store that is a file is copied as it is, log and all. Any other (a server's, Postgres, Redis)
 * is backed up as entries: every app as of one moment, sealed by a digest.
 */
import { open } from 'node:fs/promises';
import { copyStoreFile } from '../../engine/sqlite/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import { withoutPassword } from '../../internal/without-password.ts';
import type { Context } from '../context.ts';
import { unreadable, usageError } from '../failure.ts';
import { formatBytes } from '../output/format.ts';
import type { Progress } from '../output/progress.ts';
import { atHome, openStore } from '../store.ts';
import type { StorePlace } from '../store.ts';
import { BackupFile } from '../transfer/backup/backup-file.ts';
import { backupEntries, restoreEntries } from './backup-entries.ts';
import type { RestoreCommandOptions } from './backup-entries.ts';

export async function backup(
  context: Context,
  destination: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const place = await context.place();
  const path = pathOf(place);
  if (path === undefined) return backupEntries(context, destination, options);
  if (options.only !== undefined) throw usageError('the copy of a file has all its apps');
  const bytes = await copy(context, 'copying', path, destination, options);
  await tell(context, { path: destination, bytes }, `backed up to ${destination}`);
}

export async function restore(
  context: Context,
  source: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const place = await context.place();
  if (!(await isSqlite(source))) {
    const file = new BackupFile(source);
    if (await file.isBackup()) return restoreEntries(context, file, options);
    throw usageError(`${source} is no backup; an export is read with import`);
  }
  const path = pathOf(place);
  if (path === undefined) {
    const url = withoutPassword(place.url);
    throw usageError(`${source} is the copy of a file: holdfast copy file:${source} ${url}`);
  }
  if (options.only !== undefined) throw usageError('the copy of a file has all its apps');
  await requireSound(source);
  const bytes = await copy(context, 'restoring', source, path, options);
  await tell(context, { path, bytes }, `restored ${path} from ${source}`);
}

async function copy(
  context: Context,
  label: string,
  from: string,
  to: string,
  options: RestoreCommandOptions,
): Promise<number> {
  let progress: Progress | undefined;
  const { clock } = context;
  try {
    const onProgress = (done: number, total: number) => {
      progress ??= context.progress(label, 'bytes', total);
      progress.update(done);
    };
    const bytes = await copyStoreFile(from, to, { clock, replace: options.force, onProgress });
    progress?.finish(bytes);
    return bytes;
  } finally {
    progress?.end();
  }
}

/** Of the file that a store is; undefined if it is none. */
function pathOf({ url }: StorePlace): string | undefined {
  return /^file:(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1];
}

async function isSqlite(path: string): Promise<boolean> {
  const header = Buffer.alloc(16);
  try {
    const file = await open(path);
    try {
      await file.read(header, 0, header.length, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  return header.toString('latin1').startsWith('SQLite format 3');
}

/** A damaged backup must not take the place of anything. */
async function requireSound(path: string): Promise<void> {
  const store = await openStore({ url: `file:${path}` }, 'read');
  const { engine } = atHome(store, 'restore');
  try {
    const faults =
      'integrityCheck' in engine
        ? await (engine as { integrityCheck(): Promise<string[]> }).integrityCheck()
        : [];
    if (faults.length === 0) return;
    const message = `${path} is damaged (${faults[0] ?? ''}); nothing was changed`;
    throw new HoldfastError('store_corrupt', message, { details: { path, faults } });
  } finally {
    await store.close();
  }
}

async function tell(
  context: Context,
  facts: { readonly path: string; readonly bytes: number },
  sentence: string,
): Promise<void> {
  const text = `${sentence}, ${formatBytes(facts.bytes)}`;
  await context.output.text(context.isJson ? `${JSON.stringify(facts)}\n` : `${text}\n`);
}
