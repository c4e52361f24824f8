/** Everything that one ledger shows of itself: its head, its whole log, its scopes, its entries. */
import type { Ref } from '../../../src/engine/index.ts';
import type {
  Commit,
  Entry,
  Ledger,
  LedgerHead,
  Position,
  ScopeInfo,
} from '../../../src/ledger/index.ts';
import { origin } from '../../../src/ledger/index.ts';
import type { Ledgers } from '../../../src/ledger/ledgers.ts';
import type { App } from '../load/proposals.ts';

export interface History {
  readonly head: LedgerHead;
  readonly commits: readonly Commit[];
  readonly scopes: readonly ScopeInfo[];
  /** By address, the living alone. */
  readonly entries: ReadonlyMap<string, Entry>;
}

export function addressOf({ scope, key }: Ref): string {
  return `${scope}/${key}`;
}

/** Reads all of it. Nobody may write meanwhile, and the clock must stand still. */
export async function readHistory(ledgers: Ledgers, app: App): Promise<History> {
  const ledger = ledgers.ledger(app);
  const head = await ledger.head();
  const scopes = await pagesOf((cursor) => ledger.scopes({ cursor }));
  const entries = new Map<string, Entry>();
  for (const { scope } of scopes) {
    const found = await pagesOf((cursor) => ledger.scan({ scope, limit: 1000, cursor }));
    for (const entry of found) entries.set(addressOf(entry), entry);
  }
  return {
    head,
    commits: await readLog(ledger, head, await startOf(ledgers, app, head)),
    scopes,
    entries,
  };
}

/** The position where the log begins. Each opening of a store begins an incarnation. */
async function startOf({ engine }: Ledgers, app: App, { trimmed }: LedgerHead): Promise<Position> {
  if (trimmed === 0) return origin;
  const incarnations = await engine.incarnations(app);
  const id = incarnations.findLast(({ from }) => from <= trimmed)?.id ?? '';
  return { incarnation: id, revision: trimmed };
}

async function readLog(ledger: Ledger, head: LedgerHead, start: Position): Promise<Commit[]> {
  const { position } = head;
  const commits: Commit[] = [];
  let after = start;
  while (after.revision < position.revision) {
    const page = await ledger.log(after);
    if (page.kind !== 'commits') throw new Error(`the log after ${after.revision} is ${page.kind}`);
    commits.push(...page.commits);
    if (page.through.revision <= after.revision) {
      throw new Error(`the log ends at ${after.revision}, the head stands at ${position.revision}`);
    }
    after = page.through;
  }
  return commits;
}

async function pagesOf<T>(
  next: (cursor?: string) => Promise<{ items: readonly T[]; cursor: string | undefined }>,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await next(cursor);
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
