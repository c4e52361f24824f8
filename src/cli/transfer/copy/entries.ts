/**
 * All entries of a ledger as they are when they are met, by scope and key.
 *
 * For a ledger that the reader itself writes to: each page is read anew, and nothing is rolled
 * back.
 */
import type { Entry, Ledger } from '../../../ledger/index.ts';

const pageScopes = 1000;
/** Few, so that a page of large values stays small. */
const pageEntries = 64;

export async function* entriesOf(ledger: Ledger, without: string): AsyncGenerator<Entry> {
  let cursor: string | undefined;
  do {
    const page = await ledger.scopes({ internal: true, limit: pageScopes, cursor });
    for (const { scope } of page.items) {
      if (scope !== without) yield* entriesIn(ledger, scope);
    }
    ({ cursor } = page);
  } while (cursor !== undefined);
}

async function* entriesIn(ledger: Ledger, scope: string): AsyncGenerator<Entry> {
  let from: string | undefined;
  for (;;) {
    const { items, cursor } = await ledger.scan({ scope, from, limit: pageEntries });
    for (const entry of items) if (entry.key !== from) yield entry;
    const last = items.at(-1)?.key;
    if (cursor === undefined || last === undefined) return;
    from = last;
  }
}
