/** `backup` and `restore`: a whole store as a file, and back. */
import { open } from 'node:fs/promises';
import { copyStoreFile } from '../../engine/sqlite/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import { unreadable, usageError } from '../failure.ts';
import { formatBytes } from '../output/format.ts';
import type { Progress } from '../output/progress.ts';
import { withoutPassword } from '../../internal/without-password.ts';
import { atHome, openStore } from '../store.ts';

export interface CopyCommandOptions {
  readonly force?: boolean | undefined;
}

export async function backup(
  context: Context,
  destination: string,
  options: CopyCommandOptions,
): Promise<void> {
  const { url } = await context.place();
  const bytes = await copy(context, 'copying', pathOf(url), destination, options);
  await tell(context, { path: destination, bytes }, `backed up to ${destination}`);
}

export async function restore(
  context: Context,
  source: string,
  options: CopyCommandOptions,
): Promise<void> {
  const path = pathOf((await context.place()).url);
  await requireSqlite(source);
  await requireSound(source);
  const bytes = await copy(context, 'restoring', source, path, options);
  await tell(context, { path, bytes }, `restored ${path} from ${source}`);
}

async function copy(
  context: Context,
  label: string,
  from: string,
  to: string,
  options: CopyCommandOptions,
): Promise<number> {
  let progress: Progress | undefined;
  const { clock } = context;
  try {
    const onProgress = (done: number, total: number) => {
      progress ??= context.progress(label, 'bytes', total);
      progress.update(done);
    };
    return await copyStoreFile(from, to, { clock, replace: options.force, onProgress });
  } finally {
    progress?.end();
  }
}

function pathOf(store: string): string {
  const path = /^file:(?:\/\/(?=\/))?(.+)$/s.exec(store)?.[1];
  if (path !== undefined) return path;
  throw usageError(
    `'${withoutPassword(store)}' is no file; use copy, or export and import, for it`,
  );
}

async function requireSqlite(path: string): Promise<void> {
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
  if (header.toString('latin1').startsWith('SQLite format 3')) return;
  throw usageError(`${path} is no backup; an export is read with import`);
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
