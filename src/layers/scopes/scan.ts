/** A scan as a stream of pages: each is asked for when the one before it was used up. */
import type { Page, ScanQuery } from '../../ledger/index.ts';

/**
 * Ends after `options.limit` items. Pages may be empty; the stream goes on while there is a cursor.
 */
export async function* pagesOf<Q extends ScanQuery, T>(
  scan: (query: Q) => Promise<Page<T>>,
  query: Q,
  options: { readonly limit?: number | undefined },
): AsyncGenerator<readonly T[], void, undefined> {
  let left = options.limit ?? Infinity;
  let cursor = query.cursor;
  while (left > 0) {
    const limit = Math.min(query.limit ?? left, left);
    const page: Page<T> = await scan({ ...query, cursor, limit });
    left -= page.items.length;
    cursor = page.cursor;
    if (page.items.length > 0) yield page.items;
    if (cursor === undefined) return;
  }
}
