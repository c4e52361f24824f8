/** `log`: what changed, in order, and with `--follow` what changes from now on. */
import { HoldfastError } from '../../../errors/index.ts';
import { origin } from '../../../ledger/index.ts';
import type { LogPage, Position } from '../../../ledger/index.ts';
import type { Context } from '../../context.ts';
import { usageError } from '../../failure.ts';
import type { RecordWriter } from '../../output/output.ts';
import type { OpenStore } from '../../store.ts';
import { changeShape } from '../entry-shape.ts';
import { stayingAlive } from './stay-alive.ts';
import type { LoggedChange } from '../entry-shape.ts';

export interface LogCommandOptions {
  readonly from?: number | undefined;
  /** The last so many revisions. */
  readonly last?: number | undefined;
  readonly scope?: string | undefined;
  readonly key?: string | undefined;
  readonly prefix?: string | undefined;
  readonly limit?: number | undefined;
  readonly follow?: boolean | undefined;
}

export async function log(context: Context, options: LogCommandOptions): Promise<void> {
  if (options.key !== undefined && options.scope === undefined) {
    throw usageError('--key needs --scope');
  }
  await context.withStore('read', async (store) => {
    const writer = context.output.records<LoggedChange>(changeShape);
    const reached = await past(context, store, options, writer);
    await writer.flush();
    if (options.follow === true && reached !== undefined) {
      await stayingAlive(context.clock, () => future(context, store, options, reached, writer));
    }
  });
}

/** Writes what is there. Returns where it ended, undefined if the limit was met before. */
async function past(
  context: Context,
  store: OpenStore,
  options: LogCommandOptions,
  writer: RecordWriter<LoggedChange>,
): Promise<Position | undefined> {
  const { scope, key, prefix, limit = Infinity } = options;
  const ledger = store.ledger(context.options.app);
  let left = limit;
  for (let at = await startOf(context, store, options); ;) {
    context.signal.throwIfAborted();
    const page = commitsOf(await ledger.log(at, { scope, key, prefix }));
    left = await writeChanges(page, left, writer);
    if (left === 0) return undefined;
    at = page.through;
    if (at.revision >= page.head.revision) return at;
  }
}

async function future(
  context: Context,
  store: OpenStore,
  options: LogCommandOptions,
  after: Position,
  writer: RecordWriter<LoggedChange>,
): Promise<void> {
  const { signal } = context;
  const { scope, key, prefix } = options;
  const pages = store.ledger(context.options.app).watch({ after, scope, key, prefix, signal });
  for await (const page of pages) {
    await writeChanges(commitsOf(page), Infinity, writer);
    await writer.flush();
  }
  signal.throwIfAborted();
}

type Commits = Extract<LogPage, { kind: 'commits' }>;

function commitsOf(page: LogPage): Commits {
  if (page.kind === 'commits') return page;
  const message = 'the log no longer reaches back to that revision';
  throw new HoldfastError(page.kind, message, { details: { head: page.head.revision } });
}

async function writeChanges(
  page: Commits,
  most: number,
  writer: RecordWriter<LoggedChange>,
): Promise<number> {
  let left = most;
  for (const commit of page.commits) {
    for (const change of commit.changes) {
      if (left === 0) return 0;
      await writer.write({ commit, change });
      left -= 1;
    }
  }
  return left;
}

/** The position before the first revision to show: where the log begins, unless one is named. */
async function startOf(
  context: Context,
  store: OpenStore,
  { from, last }: LogCommandOptions,
): Promise<Position> {
  const { app } = context.options;
  const { trimmed, position } = await store.ledger(app).head();
  const start = last === undefined ? trimmed : Math.max(trimmed, position.revision - last);
  const revision = from === undefined ? start : from - 1;
  if (revision > position.revision) {
    throw usageError(`--from ${from}: the last revision is ${position.revision}`);
  }
  if (revision <= 0) return origin;
  let { incarnation } = position;
  for (const known of await store.source.incarnations(app)) {
    if (known.from > revision) break;
    incarnation = known.id;
  }
  return { incarnation, revision };
}
