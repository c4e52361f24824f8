/** Short words for what the tests do again and again, in scope `s` unless told otherwise. */
import { expect } from 'vitest';
import type { StoredEntry } from '../../engine/index.ts';
import { isHoldfastError } from '../../errors/index.ts';
import type { ErrorCode, HoldfastError } from '../../errors/index.ts';
import { origin } from '../../ledger/index.ts';
import type {
  Commit,
  Conflict,
  Entry,
  Ledger,
  LogOptions,
  LogPage,
  Mutation,
  Position,
  Proposal,
  Receipt,
  ScanQuery,
  SetMutation,
  StoredValue,
} from '../../ledger/index.ts';
import { patiently } from '../engine-contract/steady-engine.ts';
import type { OpenedLedgers } from './contract.ts';

export function set(key: string, value: unknown, more: Partial<SetMutation> = {}): SetMutation {
  return { kind: 'set', scope: 's', key, value, ...more };
}

export function drop(key: string, scope = 's'): Mutation {
  return { kind: 'delete', scope, key };
}

export function increment(key: string, scope = 's'): Mutation {
  return { kind: 'update', scope, key, operations: [{ op: 'increment' }] };
}

/** Commits what must not conflict. */
export async function commit(ledger: Ledger, proposal: Proposal): Promise<Receipt> {
  const answer = await ledger.commit(proposal);
  if (answer.kind !== 'committed') throw new Error(`conflict: ${JSON.stringify(answer.failures)}`);
  return answer;
}

/** Commits the mutations as one proposal. */
export function write(ledger: Ledger, ...mutations: readonly Mutation[]): Promise<Receipt> {
  return commit(ledger, { mutations });
}

/** Commits what must conflict. */
export async function conflict(ledger: Ledger, proposal: Proposal): Promise<Conflict> {
  const answer = await ledger.commit(proposal);
  if (answer.kind !== 'conflict') throw new Error('the proposal was committed');
  return answer;
}

/** The error of a call that must fail with that code. */
export async function refusal(
  code: ErrorCode | undefined,
  call: () => unknown,
): Promise<HoldfastError> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    if (code !== undefined) expect(error.code).toBe(code);
    return error;
  }
  throw new Error(`not refused: ${JSON.stringify(answer)}`);
}

export async function entryOf(
  ledger: Ledger,
  key: string,
  scope = 's',
): Promise<Entry | undefined> {
  const [entry] = await ledger.read([{ scope, key }]);
  return entry;
}

export async function valueOf(ledger: Ledger, key: string, scope = 's'): Promise<unknown> {
  return (await entryOf(ledger, key, scope))?.value.decode();
}

export async function revisionOf(ledger: Ledger): Promise<number> {
  return (await ledger.head()).position.revision;
}

/** Every page of a scan, joined. */
export async function scanAll(ledger: Ledger, query: ScanQuery): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let cursor = query.cursor; ;) {
    const page = await ledger.scan({ ...query, cursor });
    found.push(...page.items);
    if (page.cursor === undefined) return found;
    cursor = page.cursor;
  }
}

export async function keysOf(ledger: Ledger, query: ScanQuery): Promise<string[]> {
  return (await scanAll(ledger, query)).map(({ key }) => key);
}

/** All commits after a position, page by page. */
export async function logOf(
  ledger: Ledger,
  options: LogOptions = {},
  after: Position = origin,
): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (let at = after; ;) {
    const page = commitsOf(await ledger.log(at, options));
    commits.push(...page.commits);
    if (page.through.revision >= page.head.revision) return commits;
    expect(page.through.revision).toBeGreaterThan(at.revision);
    at = page.through;
  }
}

export function commitsOf(page: LogPage): Extract<LogPage, { kind: 'commits' }> {
  if (page.kind !== 'commits') throw new Error(`the log answered ${page.kind}`);
  return page;
}

/** A commit's changes as `kind key value was previous`, for short expectations. */
export function told(commits: readonly Commit[]): string[] {
  return commits.flatMap(({ changes }) =>
    changes.map(({ kind, key, value, previous }) => {
      const now = value === undefined ? '' : ` ${textOf(value)}`;
      const was = previous?.value === undefined ? '' : ` was ${textOf(previous.value)}`;
      return `${kind} ${key}${now}${was}`;
    }),
  );
}

function textOf({ content }: StoredValue): string {
  return typeof content === 'string' ? content : `bytes ${[...content].join(' ')}`;
}

/** What the engine holds in a scope of the ledger's own, or any other. */
export async function rawEntries(
  { ledgers }: OpenedLedgers,
  scope: string,
  app = 'app',
): Promise<readonly StoredEntry[]> {
  const range = { scope, reverse: false, limit: 10_000, keysOnly: false };
  const { entries } = await patiently(() => ledgers.engine.scan(app, range));
  return entries;
}

/** How many rows of large values are kept. */
export async function valueRows(opened: OpenedLedgers): Promise<number> {
  return (await rawEntries(opened, '$ledger/values')).length;
}

/** Several times over, since a trim that was decided on an old view leaves the rest to the next. */
export async function runDuties({ ledgers }: OpenedLedgers): Promise<void> {
  for (let round = 0; round < 8; round += 1) await patiently(() => ledgers.runDuties());
}

/** The next page of a watch that has commits. */
export async function nextCommits(watch: AsyncIterator<LogPage>): Promise<readonly Commit[]> {
  const step = await watch.next();
  if (step.done === true) throw new Error('the watch ended');
  return commitsOf(step.value).commits;
}
