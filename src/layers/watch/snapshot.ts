/**
 * What a watch begins with: all entries of a place as of one moment.
 *
 * S1. Every page shows the same position; the log is pinned there while more pages are to come.
 * S2. Changes after that position, and none before it, are what the watch goes on with.
 * S3. Whoever dies while it is read is in it or not; the `expired` is among the changes.
 */
import { HoldfastError } from '../../errors/index.ts';
import { cursorAt } from '../../ledger/index.ts';
import type { Entry, EntryHead, Ledger, Page, Place, Position } from '../../ledger/index.ts';

const pageEntries = 500;
/** Renewed with each page: how long a consumer may think about one. */
const pinMs = 10 * 60_000;

export interface SnapshotPage {
  readonly entries: readonly (EntryHead & Partial<Pick<Entry, 'value'>>)[];
  readonly position: Position;
  readonly isLast: boolean;
}

export interface SnapshotQuery {
  readonly place: Place;
  readonly keysOnly: boolean;
  readonly internal: boolean;
  /** Names the hold on the log. */
  readonly pin: string;
}

/** Asks a ledger again until it answers; throws `aborted` once nobody wants to know. */
export type Ask = <T>(call: () => Promise<T>) => Promise<T>;

export type SnapshotPages = AsyncGenerator<SnapshotPage, void, undefined>;

type Scanned = Page<EntryHead & Partial<Pick<Entry, 'value'>>>;

/** Throws `trimmed` or `regressed` if the log was cut while somebody read. */
export async function* snapshotOf(ledger: Ledger, query: SnapshotQuery, ask: Ask): SnapshotPages {
  const { scope, key } = query.place;
  if (scope === undefined) yield* wholeApp(ledger, query, ask);
  else if (key === undefined) yield* oneScope(ledger, query, ask, scope);
  else yield await ask(() => oneKey(ledger, query, scope, key));
}

async function oneKey(
  ledger: Ledger,
  query: SnapshotQuery,
  scope: string,
  key: string,
): Promise<SnapshotPage> {
  const page = await scan(ledger, query, { scope, from: key, limit: 1 });
  const entries = page.items.filter((entry) => entry.key === key);
  return { entries, position: page.position, isLast: true };
}

async function* oneScope(
  ledger: Ledger,
  query: SnapshotQuery,
  ask: Ask,
  scope: string,
): SnapshotPages {
  const { prefix } = query.place;
  let cursor: string | undefined;
  let pinned: Position | undefined;
  try {
    do {
      const from = { scope, prefix, cursor, limit: pageEntries };
      const page = await ask(() => scan(ledger, query, from));
      cursor = page.cursor;
      if (cursor !== undefined && page.position.revision > 0) {
        const at = page.position;
        pinned = at;
        await ask(() => ledger.pin(query.pin, at, pinMs));
      }
      yield { entries: page.items, position: page.position, isLast: cursor === undefined };
    } while (cursor !== undefined);
  } finally {
    if (pinned !== undefined) await letGo(ledger, query.pin, pinned);
  }
}

async function* wholeApp(ledger: Ledger, query: SnapshotQuery, ask: Ask): SnapshotPages {
  const { position } = await ask(() => ledger.head());
  // Before its first commit a ledger is empty, and nothing can be rolled back to that.
  if (position.revision > 0) {
    await ask(() => ledger.pin(query.pin, position, pinMs));
    try {
      for (const scope of await ask(() => scopesAt(ledger, position, query.internal))) {
        let from = { scope, cursor: cursorAt(position), limit: pageEntries };
        for (let isOver = false; !isOver;) {
          const page: Scanned = await ask(() => scan(ledger, query, from));
          if (page.items.length > 0) yield { entries: page.items, position, isLast: false };
          isOver = page.cursor === undefined;
          from = { ...from, cursor: page.cursor ?? '' };
          if (!isOver) await ask(() => ledger.pin(query.pin, position, pinMs));
        }
      }
    } finally {
      await letGo(ledger, query.pin, position);
    }
  }
  yield { entries: [], position, isLast: true };
}

/** A hold that could not be released expires by itself. */
async function letGo(ledger: Ledger, pin: string, position: Position): Promise<void> {
  await ledger.pin(pin, position, 0).catch(() => undefined);
}

/** Those that there are, and those that changed since: they may have been emptied. */
async function scopesAt(ledger: Ledger, at: Position, internal: boolean): Promise<Set<string>> {
  const found = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await ledger.scopes({ internal, limit: 1000, cursor });
    for (const { scope } of page.items) found.add(scope);
    cursor = page.cursor;
  } while (cursor !== undefined);
  for (let seen = at; ;) {
    const page = await ledger.log(seen, { keysOnly: true });
    if (page.kind !== 'commits') throw gone(page.kind);
    for (const { changes } of page.commits) {
      for (const { scope } of changes) if (internal || !scope.startsWith('$')) found.add(scope);
    }
    seen = page.through;
    if (seen.revision >= page.head.revision) return found;
  }
}

function scan(
  ledger: Ledger,
  { keysOnly }: SnapshotQuery,
  page: {
    readonly scope: string;
    readonly prefix?: string | undefined;
    readonly from?: string | undefined;
    readonly cursor?: string | undefined;
    readonly limit: number;
  },
): Promise<Scanned> {
  return keysOnly ? ledger.scan({ ...page, keysOnly: true }) : ledger.scan(page);
}

function gone(kind: 'trimmed' | 'regressed'): HoldfastError {
  return new HoldfastError(kind, 'the log was cut while a snapshot was read', {
    details: { what: 'snapshot' },
  });
}
