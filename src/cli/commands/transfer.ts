/**
 * `export` and `import`. What they promise is in `docs/cli.md`; the work is done in `transfer/`.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Context } from '../context.ts';
import { unreadable, usageError } from '../failure.ts';
import { formatCount, formatSpan } from '../output/format.ts';
import { Output } from '../output/output.ts';
import { WholeFile } from '../output/whole-file.ts';
import type { OpenStore } from '../store.ts';
import { Importer } from '../transfer/importer.ts';
import type { ExistingPolicy } from '../transfer/importer.ts';
import { entryLine, footerLine, headerLine } from '../transfer/line.ts';
import { readSnapshots } from '../transfer/snapshots.ts';
import { openIiiFolder } from '../transfer/sources/iii.ts';
import { readJsonLines } from '../transfer/sources/json-lines.ts';
import { openKeyvFile } from '../transfer/sources/keyv.ts';
import type { Source } from '../transfer/sources/source.ts';

export interface ExportOptions {
  readonly all?: boolean | undefined;
}

export async function exportEntries(
  context: Context,
  path: string | undefined,
  options: ExportOptions,
): Promise<void> {
  await context.withStore('write', async (store) => {
    const all = options.all === true;
    if (path === undefined || path === '-') {
      // A bar among the entries would be neither.
      const label = process.stdout.isTTY ? undefined : 'exporting';
      await writeExport(context, store, context.output, { all, label });
      return;
    }
    const file = await WholeFile.create(path);
    let entries: number;
    try {
      entries = await writeExport(context, store, new Output(file.stream, 'json'), {
        all,
        label: 'exporting',
      });
      await file.complete();
    } catch (error) {
      await file.abandon();
      throw error;
    }
    await context.output.text(
      context.isJson
        ? `${JSON.stringify({ entries, path })}\n`
        : `exported ${formatCount(entries)} entries to ${path}\n`,
    );
  });
}

/** Returns how many entries were written. */
export async function writeExport(
  context: Context,
  store: OpenStore,
  output: Output,
  { all, label }: { readonly all: boolean; readonly label: string | undefined },
): Promise<number> {
  const apps = all ? await store.source.names() : [context.options.app];
  await output.text(headerLine());
  const terms = { label, apps, asFarAsAllowed: true };
  const done = await readSnapshots(context, store, terms, (entry, app) =>
    output.text(entryLine(entry, all ? app : undefined)),
  );
  await output.text(footerLine(done));
  await output.flush();
  return done;
}

export interface ImportOptions {
  /** `jsonl`, `iii`, `keyv`, or the URL of a Redis database. */
  readonly from?: string | undefined;
  readonly existing?: ExistingPolicy | undefined;
  readonly scope?: string | undefined;
  readonly keyvTable?: string | undefined;
}

export async function importEntries(
  context: Context,
  path: string | undefined,
  options: ImportOptions,
): Promise<void> {
  const source = await openSource(path, options);
  const startedAt = context.clock.monotonic();
  const counts = await context.withStore('create', (store) =>
    readInto(context, store, source, options),
  );
  const { read, written, unchanged, kept, expired } = counts;
  const spentMs = context.clock.monotonic() - startedAt;
  const parts = [`${formatCount(written)} written`, `${formatCount(unchanged)} unchanged`];
  if (kept > 0) parts.push(`${formatCount(kept)} kept as they were`);
  if (expired > 0) parts.push(`${formatCount(expired)} expired already`);
  await context.output.text(
    context.isJson
      ? `${JSON.stringify({ ...counts, ms: Math.round(spentMs) })}\n`
      : `imported ${formatCount(read)} entries in ${formatSpan(spentMs)}: ${parts.join(', ')}\n`,
  );
}

export async function readInto(
  context: Context,
  store: OpenStore,
  source: Source,
  options: ImportOptions,
): Promise<Importer['counts']> {
  const { app } = context.options;
  const importer = new Importer(store, app, options.existing ?? 'overwrite');
  const progress = context.progress('importing', source.unit, source.total);
  try {
    for await (const { entry, done } of source.entries()) {
      if (importer.counts.read % 256 === 0) context.signal.throwIfAborted();
      const { scope } = options;
      await importer.add(scope === undefined ? entry : { ...entry, scope });
      progress.update(done, `${formatCount(importer.counts.read)} entries`);
    }
    await importer.finish();
    if (source.total !== undefined) {
      progress.finish(source.total, `${formatCount(importer.counts.read)} entries`);
    }
  } finally {
    progress.end();
    // Also what came before a line that cannot be read, or before an interruption.
    await importer.finish();
  }
  return importer.counts;
}

function isRedis(from: string | undefined): from is string {
  return from !== undefined && /^rediss?:\/\//.test(from);
}

async function openSource(path: string | undefined, options: ImportOptions): Promise<Source> {
  if (isRedis(options.from)) {
    const { openRedis } = await import('../transfer/sources/redis.ts');
    return openRedis(options.from);
  }
  if (path === undefined) throw usageError('name the file to import, or - for standard input');
  if (options.from === 'iii') return openIiiFolder(path);
  if (options.from === 'keyv') return openKeyvFile(path, options.keyvTable);
  if (path === '-') {
    return { unit: 'bytes', total: undefined, entries: () => readJsonLines(process.stdin) };
  }
  return openJsonLines(path);
}

export async function openJsonLines(path: string): Promise<Source> {
  const total = await stat(path).then(
    ({ size }) => size,
    (error: unknown) => {
      throw unreadable(path, error);
    },
  );
  return { unit: 'bytes', total, entries: () => readJsonLines(createReadStream(path)) };
}
