/** `doctor`: every rule of a store against what is stored. Changes nothing. */
import { styleText } from 'node:util';
import { isHoldfastError } from '../../errors/index.ts';
import { examineEngine, examineLedger } from '../../ledger/index.ts';
import type { Finding, Ledgers } from '../../ledger/index.ts';
import type { Context } from '../context.ts';
import { CommandEnd } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Progress } from '../output/progress.ts';
import { formatCounted } from '../output/format.ts';
import { examineServed } from '../remote/checkup.ts';
import { ServerAdmin } from '../remote/server-admin.ts';
import type { OpenStore } from '../store.ts';

/** Looks at parts of a store: its engine, its apps. */
export interface Examiner {
  /** Undefined if the engine has no checks of its own. */
  engine(): Promise<readonly Finding[] | undefined>;
  app(name: string, onProgress: (done: number, total: number) => void): Promise<readonly Finding[]>;
}

export async function doctor(context: Context): Promise<void> {
  const place = await context.place();
  await context.withStore('read', async (store) => {
    const { ledgers } = store;
    const examiner =
      ledgers === undefined
        ? examineServed(new ServerAdmin(place, context.signal))
        : examineHere(ledgers, context.signal);
    const counts = { problems: 0, unchecked: 0 };
    for await (const finding of findingsOf(context, store, examiner)) {
      if (finding.severity === 'problem') counts.problems += 1;
      if (finding.rule === 'unchecked') counts.unchecked += 1;
      await context.output.text(context.isJson ? `${JSON.stringify(finding)}\n` : told(finding));
    }
    await tellEnd(context, store, counts);
  });
}

async function tellEnd(
  context: Context,
  store: OpenStore,
  { problems, unchecked }: { readonly problems: number; readonly unchecked: number },
): Promise<void> {
  const apps = await store.source.names();
  let entries = 0;
  for (const app of apps) entries += (await store.ledger(app).head()).entries;
  const seen = `${formatCounted(entries, 'entry', 'entries')} of ${formatCounted(apps.length, 'app')}`;
  await context.output.text(
    context.isJson
      ? `${JSON.stringify({ problems, unchecked, apps: apps.length, entries })}\n`
      : closing(problems, unchecked, seen),
  );
  await context.output.flush();
  if (problems === 0) return;
  const message = `${formatCounted(problems, 'problem')} found`;
  throw new CommandEnd('findings', exitCodes.findings, message, { problems });
}

/** What the token does not let one look at is told; nothing at all to look at is an error. */
async function* findingsOf(
  context: Context,
  store: OpenStore,
  examiner: Examiner,
): AsyncGenerator<Finding> {
  let looked = 0;
  let refusal: unknown;
  const apps = await store.source.names();
  for (const app of [undefined, ...apps]) {
    context.signal.throwIfAborted();
    let findings: readonly Finding[] | undefined;
    try {
      findings =
        app === undefined ? await examiner.engine() : await examined(context, examiner, app);
      looked += 1;
    } catch (error) {
      if (!isHoldfastError(error, 'forbidden')) throw error;
      refusal = error;
      findings = [unchecked(app, error.message)];
      if (looked === 0 && app === apps.at(-1)) throw refusal;
    }
    yield* findings ?? [];
  }
}

async function examined(
  context: Context,
  examiner: Examiner,
  app: string,
): Promise<readonly Finding[]> {
  let progress: Progress | undefined;
  try {
    let last = 0;
    const findings = await examiner.app(app, (done, total) => {
      progress ??= context.progress(`examining ${app}`, 'entries', total);
      last = total;
      progress.update(done);
    });
    progress?.finish(last);
    return findings;
  } finally {
    progress?.end();
  }
}

function unchecked(app: string | undefined, why: string): Finding {
  const what = app === undefined ? 'the engine' : 'the app';
  const message = `${what} was not looked at: ${why}`;
  return { severity: 'notice', rule: 'unchecked', app, message, details: {} };
}

function examineHere({ engine }: Ledgers, signal: AbortSignal): Examiner {
  return {
    engine: () => examineEngine(engine),
    app: (name, onProgress) => examineLedger(engine, name, { signal, onProgress }),
  };
}

function told({ severity, rule, app, message }: Finding): string {
  const mark = styleText(severity === 'problem' ? 'red' : 'yellow', severity);
  return `${mark}  ${rule}  ${app === undefined ? '' : `app ${app}: `}${message}\n`;
}

function closing(problems: number, unchecked: number, seen: string): string {
  if (problems > 0) return `\nlooked at ${seen}\n`;
  if (unchecked > 0) return `\nnothing is wrong with what was looked at, of ${seen}\n`;
  return `${styleText('green', 'sound')}: ${seen}, their log, counts and indexes agree\n`;
}
