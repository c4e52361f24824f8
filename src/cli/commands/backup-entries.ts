/** Backups of stores that are no file: entries of whole apps. See `docs/cli.md`. */
import { stat } from 'node:fs/promises';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import { withoutPassword } from '../../internal/without-password.ts';
import type { Context } from '../context.ts';
import { CommandEnd, usageError } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatCounted } from '../output/format.ts';
import { Output } from '../output/output.ts';
import { WholeFile } from '../output/whole-file.ts';
import type { OpenStore } from '../store.ts';
import { BackupFile, BackupSeal, backupHeader } from '../transfer/backup/backup-file.ts';
import type { BackupFacts } from '../transfer/backup/backup-file.ts';
import { Restorer } from '../transfer/backup/restorer.ts';
import { chosenApps } from '../transfer/chosen-apps.ts';
import { entryLine } from '../transfer/line.ts';
import { readSnapshots } from '../transfer/snapshots.ts';

export interface RestoreCommandOptions {
  readonly force?: boolean | undefined;
  readonly only?: readonly string[] | undefined;
}

/** Readable for those alone who may read all of an app. */
const wholeAppScope = '$owners';

export async function backupEntries(
  context: Context,
  path: string,
  { force, only }: RestoreCommandOptions,
): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && force !== true) {
    throw usageError(`${path} exists; name another file, or say that it may be replaced (--force)`);
  }
  await context.withStore('write', async (store) => {
    const apps = await chosenApps(store.source, only);
    for (const app of apps) await requireWhole(store, app);
    const file = await WholeFile.create(path);
    let entries = 0;
    try {
      entries = await writeBackup(context, store, new Output(file.stream, 'json'), apps);
      await file.complete((written) => checkWritten(written, { apps, entries }));
    } catch (error) {
      await file.abandon();
      throw error;
    }
    const facts = { path, apps, entries };
    await context.output.text(
      context.isJson
        ? `${JSON.stringify(facts)}\n`
        : `backed up ${formatCounted(entries, 'entry', 'entries')} of ${named(apps)} to ${path}\n`,
    );
    context.note('values, expiries and schema versions; not the log, nor tokens');
  });
}

async function writeBackup(
  context: Context,
  store: OpenStore,
  output: Output,
  apps: readonly string[],
): Promise<number> {
  const seal = new BackupSeal();
  const write = (line: string): Promise<void> => {
    seal.add(line);
    return output.text(line);
  };
  await write(backupHeader(apps));
  const terms = { label: 'backing up', apps, asFarAsAllowed: false };
  const entries = await readSnapshots(context, store, terms, (entry, app) =>
    write(entryLine(entry, app)),
  );
  await output.text(seal.footer(entries));
  await output.flush();
  return entries;
}

/** What is on the disk is what was read: a backup is looked at before it takes its name. */
async function checkWritten(path: string, { apps, entries }: BackupFacts): Promise<void> {
  const found = await new BackupFile(path).check(() => undefined);
  if (found.entries === entries && found.apps.length === apps.length) return;
  throw new CommandEnd('output_failed', exitCodes.failure, `${path} is not what was written`);
}

/** Half an app is no backup of it. */
async function requireWhole(store: OpenStore, app: string): Promise<void> {
  try {
    await store.ledger(app).scope(wholeAppScope);
    const { position } = await store.ledger(app).head();
    if (position.revision > 0) await store.ledger(app).pin(`backup-probe`, position, 0);
  } catch (error) {
    if (!isHoldfastError(error, 'forbidden')) throw error;
    const message =
      `a backup needs to read and watch all of the app '${app}' (${error.message}): ` +
      'name others with --only, or export what the token may read';
    throw new HoldfastError('forbidden', message, { cause: error, details: error.details });
  }
}

export async function restoreEntries(
  context: Context,
  file: BackupFile,
  { force, only }: RestoreCommandOptions,
): Promise<void> {
  const known = await checked(context, file);
  const missing = only?.find((app) => !known.apps.includes(app));
  if (missing !== undefined) {
    const message = `the backup has no app '${missing}'; it has ${named(known.apps)}`;
    throw new CommandEnd('not_found', exitCodes.notFound, message, { app: missing });
  }
  const apps = known.apps.filter((app) => only?.includes(app) ?? true);
  await context.withStore('create', async (store) => {
    const total = only === undefined ? known.entries : undefined;
    const progress = context.phases('entries');
    try {
      const restorer = new Restorer(store, file, {
        apps,
        replace: force === true,
        signal: context.signal,
        onProgress: (phase, done) => progress.update(phase, done, total),
      });
      const counts = await restorer.run();
      progress.finish();
      await context.output.text(
        context.isJson
          ? `${JSON.stringify({ store: store.url, apps, ...counts })}\n`
          : `restored ${formatCounted(counts.entries, 'entry', 'entries')} of ${named(apps)} to ` +
              `${withoutPassword(store.url)}, each compared\n`,
      );
    } finally {
      progress.end();
    }
  });
}

async function checked(context: Context, file: BackupFile): Promise<BackupFacts> {
  const { size } = await stat(file.path);
  const progress = context.progress('checking', 'bytes', size);
  try {
    const facts = await file.check((bytes) => progress.update(bytes));
    progress.finish(size);
    return facts;
  } finally {
    progress.end();
  }
}

function named(apps: readonly string[]): string {
  return formatCounted(apps.length, 'app');
}
