/** `watch`: changes as they come, one line each, until it is stopped. */
import { styleText } from 'node:util';
import type { Change, Commit, LogPage } from '../../../ledger/index.ts';
import { HoldfastError } from '../../../errors/index.ts';
import type { Context } from '../../context.ts';
import { changeLine } from '../../output/change-line.ts';
import { changeShape } from '../entry-shape.ts';
import { stayingAlive } from './stay-alive.ts';

export interface WatchCommandOptions {
  readonly prefix?: string | undefined;
  readonly keys?: boolean | undefined;
}

export async function watch(
  context: Context,
  scope: string | undefined,
  key: string | undefined,
  options: WatchCommandOptions,
): Promise<void> {
  const { signal, output } = context;
  const { prefix, keys: keysOnly } = options;
  await context.withStore('read', async (store) => {
    const ledger = store.ledger(context.options.app);
    const { position } = await ledger.head();
    const pages = ledger.watch({ after: position, scope, key, prefix, keysOnly, signal });
    const what = [scope, key].filter((name) => name !== undefined).join('/') || 'everything';
    context.note(
      styleText('dim', `watching ${what} of ${context.options.app} at ${store.url}; Ctrl-C ends`),
    );
    await stayingAlive(context.clock, async () => {
      for await (const page of pages) {
        for (const commit of commitsOf(page)) {
          for (const change of commit.changes) await output.text(lineOf(context, commit, change));
        }
        await output.flush();
      }
    });
    signal.throwIfAborted();
  });
}

function lineOf(context: Context, commit: Commit, change: Change): string {
  if (context.isJson) return `${changeShape.json({ commit, change })}\n`;
  return `${changeLine(commit, change, process.stdout.columns ?? 100)}\n`;
}

function commitsOf(page: LogPage): readonly Commit[] {
  if (page.kind === 'commits') return page.commits;
  throw new HoldfastError(page.kind, 'changes were missed: the log no longer reaches back', {
    details: { head: page.head.revision },
  });
}
