/** `copy`: apps from one store to another. What it promises is in `docs/cli.md`. */
import { createHash } from 'node:crypto';
import type { Context } from '../context.ts';
import { usageError } from '../failure.ts';
import { formatCount, formatCounted, formatSpan } from '../output/format.ts';
import { openStore, storeUrl } from '../store.ts';
import type { OpenStore, StorePlace } from '../store.ts';
import { chosenApps } from '../transfer/chosen-apps.ts';
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
  const places = await placesOf(context, source, target);
  await using one = await openStore(places.source, 'write');
  const apps = await chosenApps(one.source, options.only);
  await using other = await openStore(places.target, 'create');
  const all: Record<string, CopyCounts> = {};
  for (const app of apps) all[app] = await copyApp(context, one, other, app);
  const ms = Math.round(context.clock.monotonic() - startedAt);
  await context.output.text(
    context.isJson ? `${JSON.stringify({ apps: all, ms })}\n` : textOf(all, ms),
  );
}

/** A config file holds for that of the two stores which it names. */
async function placesOf(context: Context, source: string, target: string) {
  const { config: file, token } = context.options;
  const named = file === undefined ? undefined : await context.place();
  if (named !== undefined && named.url !== source && named.url !== target) {
    throw usageError(`${file} names neither of the two stores`);
  }
  const placeOf = (url: string): StorePlace => (url === named?.url ? named : { url, token });
  return { source: placeOf(source), target: placeOf(target) };
}

async function copyApp(
  context: Context,
  from: OpenStore,
  to: OpenStore,
  app: string,
): Promise<CopyCounts> {
  // Without what is in a URL beside the place: a password is nobody's to keep.
  const place = from.url.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/s, '');
  const pin = `copy-${createHash('sha256').update(`${to.url}\0${app}`).digest('hex').slice(0, 16)}`;
  const progress = context.phases('entries');
  try {
    const counts = await new Copier(from.source, to.source, app, {
      source: place,
      pin,
      signal: context.signal,
      monotonic: () => context.clock.monotonic(),
      onProgress: (phase, done, total) => progress.update(`${phase} ${app}`, done, total),
    }).run();
    progress.finish();
    return counts;
  } finally {
    progress.end();
  }
}

function textOf(all: Readonly<Record<string, CopyCounts>>, ms: number): string {
  const lines = Object.entries(all).map(([app, { entries, written, deleted, followed }]) => {
    const parts = [`${formatCount(written)} written`];
    if (deleted > 0) parts.push(`${formatCount(deleted)} deleted`);
    if (followed > 0) parts.push(`${formatCounted(followed, 'commit')} followed`);
    return `${app}: ${formatCounted(entries, 'entry', 'entries')} alike (${parts.join(', ')})\n`;
  });
  const apps = formatCounted(lines.length, 'app');
  return `${lines.join('')}copied ${apps} in ${formatSpan(ms)}\n`;
}
