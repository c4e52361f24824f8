/** `doctor`: every rule of a store against what is stored. Changes nothing. */
import { styleText } from 'node:util';
import { examineLedger } from '../../ledger/index.ts';
import type { Finding } from '../../ledger/index.ts';
import type { Context } from '../context.ts';
import { CommandEnd } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Progress } from '../output/progress.ts';
import { formatCount } from '../output/format.ts';
import { atHome } from '../store.ts';
import type { OpenStore } from '../store.ts';

export async function doctor(context: Context): Promise<void> {
  await context.withStore('read', async (store) => {
    let problems = 0;
    for await (const finding of findingsOf(context, store)) {
      if (finding.severity === 'problem') problems += 1;
      await context.output.text(context.isJson ? `${JSON.stringify(finding)}\n` : told(finding));
    }
    const apps = await store.source.names();
    let entries = 0;
    for (const app of apps) entries += (await store.ledger(app).head()).entries;
    await context.output.text(
      context.isJson
        ? `${JSON.stringify({ problems, apps: apps.length, entries })}\n`
        : closing(problems, apps.length, entries),
    );
    await context.output.flush();
    if (problems === 0) return;
    const message = `${problems} ${problems === 1 ? 'problem' : 'problems'} found`;
    throw new CommandEnd('findings', exitCodes.findings, message, { problems });
  });
}

async function* findingsOf(context: Context, store: OpenStore): AsyncGenerator<Finding> {
  const { signal } = context;
  const { engine } = atHome(store, 'doctor');
  if (hasIntegrityCheck(engine)) {
    for (const message of await engine.integrityCheck()) {
      yield { severity: 'problem', rule: 'engine', app: undefined, message, details: {} };
    }
  }
  for (const app of await store.source.names()) {
    signal.throwIfAborted();
    let progress: Progress | undefined;
    try {
      const onProgress = (done: number, total: number) => {
        progress ??= context.progress(`examining ${app}`, 'entries', total);
        progress.update(done);
      };
      yield* await examineLedger(engine, app, { signal, onProgress });
    } finally {
      progress?.end();
    }
  }
}

interface Checkable {
  integrityCheck(): Promise<readonly string[]>;
}

function hasIntegrityCheck(engine: object): engine is Checkable {
  return 'integrityCheck' in engine;
}

function told({ severity, rule, app, message }: Finding): string {
  const mark = styleText(severity === 'problem' ? 'red' : 'yellow', severity);
  return `${mark}  ${rule}  ${app === undefined ? '' : `app ${app}: `}${message}\n`;
}

function closing(problems: number, apps: number, entries: number): string {
  const seen = `${formatCount(entries)} entries of ${apps} ${apps === 1 ? 'app' : 'apps'}`;
  if (problems > 0) return `\nlooked at ${seen}\n`;
  return `${styleText('green', 'sound')}: ${seen}, their log, counts and indexes agree\n`;
}
