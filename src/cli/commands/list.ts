/** `list SCOPE` and `scopes`: pages of a listing, shown as they come. */
import type { Entry, EntryHead, Ledger, ScopeInfo } from '../../ledger/index.ts';
import type { Context } from '../context.ts';
import type { RecordWriter } from '../output/output.ts';
import { entryShape, headShape, scopeShape } from './entry-shape.ts';

export interface ListOptions {
  readonly prefix?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit?: number | undefined;
  readonly reverse?: boolean | undefined;
  readonly keys?: boolean | undefined;
}

const pageEntries = 500;
/** Shown on a terminal unless a limit says otherwise. */
const terminalEntries = 200;

export async function list(context: Context, scope: string, options: ListOptions): Promise<void> {
  const { prefix, from, to, reverse, keys: keysOnly } = options;
  const most = options.limit ?? (context.isJson ? Infinity : terminalEntries);
  await context.withLedger('read', async (ledger) => {
    const { time } = await ledger.head();
    const query = { scope, prefix, from, to, reverse };
    const pages = pagesOf(ledger, { ...query, keysOnly }, most, context.signal);
    const isComplete =
      keysOnly === true
        ? await show(pages, context.output.records<EntryHead>(headShape(time)))
        : await show(
            pages as AsyncIterable<Listed<Entry>>,
            context.output.records<Entry>(entryShape(time)),
          );
    if (!isComplete && options.limit === undefined) {
      context.note(`the first ${terminalEntries}; --limit N shows more`);
    }
  });
}

interface Listed<T> {
  readonly items: readonly T[];
  readonly isLast: boolean;
}

async function* pagesOf(
  ledger: Ledger,
  query: { readonly scope: string; readonly keysOnly?: boolean | undefined },
  most: number,
  signal: AbortSignal,
): AsyncGenerator<Listed<EntryHead>> {
  let left = most;
  let cursor: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await ledger.scan({ ...query, cursor, limit: Math.min(left, pageEntries) });
    left -= page.items.length;
    cursor = page.cursor;
    yield { items: page.items, isLast: cursor === undefined };
  } while (cursor !== undefined && left > 0);
}

async function show<T>(pages: AsyncIterable<Listed<T>>, writer: RecordWriter<T>): Promise<boolean> {
  let isComplete = false;
  for await (const { items, isLast } of pages) {
    for (const item of items) await writer.write(item);
    isComplete = isLast;
  }
  await writer.flush();
  return isComplete;
}

export interface ScopesOptions {
  readonly prefix?: string | undefined;
  readonly internal?: boolean | undefined;
}

export async function scopes(context: Context, options: ScopesOptions): Promise<void> {
  await context.withLedger('read', async (ledger) => {
    const writer = context.output.records<ScopeInfo>(scopeShape);
    let cursor: string | undefined;
    do {
      context.signal.throwIfAborted();
      const page = await ledger.scopes({ ...options, cursor, limit: pageEntries });
      for (const info of page.items) await writer.write(info);
      cursor = page.cursor;
    } while (cursor !== undefined);
    await writer.flush();
  });
}
