/** `copy`: apps from one store to another. What it promises is in `docs/cli.md`. */
import { createHash } from 'node:crypto';
import { open } from '../../store/index.ts';
import type { OpenOptions, Store } from '../../store/index.ts';
import { limits } from '../../ledger/index.ts';
import type { Context } from '../context.ts';
import { usageError } from '../failure.ts';
import { formatCount, formatSpan } from '../output/format.ts';
import { storeUrl } from '../store.ts';
import { Copier } from '../transfer/copy/copier.ts';
import type { CopyCounts } from '../transfer/copy/copier.ts';

export interface CopyCommandOptions {
  readonly only?: readonly string[] | undefined;
}

export async function copy(
  context: Context,
  from: string,
  to: string,
  options: CopyCommandOptions,
): Promise<void> {
  const [source, target] = [storeUrl(from), storeUrl(to)];
  if (source === target) throw usageError('the two stores are the same');
  const startedAt = context.clock.monotonic();
  await using one = await open(source, optionsFor(context, source, true));
  await using other = await open(target, optionsFor(context, target, false));
  const apps = options.only ?? (await one.apps());
  const all: Record<string, CopyCounts> = {};
  for (const app of apps) all[app] = await copyApp(context, one, other, app);
  const ms = Math.round(context.clock.monotonic() - startedAt);
  await context.output.text(
    context.isJson ? `${JSON.stringify({ apps: all, ms })}\n` : textOf(all, ms),
  );
}

/** Behind a server everything is the server's to choose. */
function optionsFor({ options }: Context, url: string, mustExist: boolean): OpenOptions {
  if (/^(?:https?|wss?):/.test(url)) return { token: options.token };
  return { sweepMs: 0, maxValueBytes: limits.valueBytesMax, mustExist };
}

async function copyApp(context: Context, from: Store, to: Store, app: string): Promise<CopyCounts> {
  // Without what is in a URL beside the place: a password is nobody's to keep.
  const place = from.url.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/s, '');
  const pin = `copy-${createHash('sha256').update(`${to.url}\0${app}`).digest('hex').slice(0, 16)}`;
  let phase = '';
  let progress = context.progress(app, 'entries', undefined);
  try {
    return await new Copier(from.source, to.source, app, {
      source: place,
      pin,
      signal: context.signal,
      monotonic: () => context.clock.monotonic(),
      onProgress(next, done, total) {
        if (next !== phase) {
          phase = next;
          progress.end();
          progress = context.progress(`${phase} ${app}`, 'entries', total);
        }
        progress.update(done);
      },
    }).run();
  } finally {
    progress.end();
  }
}

function textOf(all: Readonly<Record<string, CopyCounts>>, ms: number): string {
  const lines = Object.entries(all).map(([app, { entries, written, deleted, followed }]) => {
    const parts = [`${formatCount(written)} written`];
    if (deleted > 0) parts.push(`${formatCount(deleted)} deleted`);
    if (followed > 0) parts.push(`${formatCount(followed)} commits followed`);
    return `${app}: ${formatCount(entries)} entries alike (${parts.join(', ')})\n`;
  });
  return `${lines.join('')}copied ${lines.length} apps in ${formatSpan(ms)}\n`;
}
