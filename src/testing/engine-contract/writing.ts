/**
 * Writing to an engine in a test, with the counts and log rows that a ledger would keep.
 *
 * The works made here read what they write, so that their scope deltas are right on any engine.
 */
import { expect } from 'vitest';
import type {
  Applied,
  Content,
  Decision,
  DeleteWrite,
  Engine,
  PutWrite,
  ScanRange,
  ScopeDelta,
  StoredEntry,
  View,
  Stamp,
  TransactOptions,
  Work,
} from '../../engine/index.ts';

export type Change = PutWrite | DeleteWrite;

let stampCount = 0;

/** A stamp that no other call has: every call is a member of its own. */
export function newStamp(): Stamp {
  stampCount += 1;
  return { member: `member-${stampCount}`, sequence: 1 };
}

export function newOptions(): TransactOptions {
  return { stamp: newStamp(), durability: 'sync' };
}

export function sizeOf(key: string, content: Content): number {
  return Buffer.byteLength(key) + Buffer.byteLength(content);
}

/** A put at offset 1, with fields that can be told apart. */
export function put(
  scope: string,
  key: string,
  content: Content = `content of ${key}`,
  fields: Partial<PutWrite> = {},
): PutWrite {
  return {
    kind: 'put',
    scope,
    key,
    content,
    offset: 1,
    createdAt: 1_600_000_000_001,
    expiresAt: undefined,
    schema: 0,
    size: sizeOf(key, content),
    external: false,
    ...fields,
  };
}

export function remove(scope: string, key: string): DeleteWrite {
  return { kind: 'delete', scope, key };
}

/** A decision that changes nothing. */
export const nothing: Decision = {
  kind: 'decision',
  revisions: 0,
  writes: [],
  scopes: [],
  log: undefined,
};

/** The decision that makes these changes to what is there, in one revision unless told. */
export function decisionOf(
  changes: readonly Change[],
  before: readonly (StoredEntry | undefined)[],
  shape: Partial<Decision> = {},
): Decision {
  const revisions = shape.revisions ?? 1;
  const deltas = new Map<string, ScopeDelta>();
  for (const [index, change] of changes.entries()) {
    const old = before[index];
    const { entries, bytes } = deltas.get(change.scope) ?? { entries: 0, bytes: 0 };
    const added = change.kind === 'put' ? { entries: 1, bytes: change.size } : none;
    const gone = old === undefined ? none : { entries: 1, bytes: old.size };
    deltas.set(change.scope, {
      scope: change.scope,
      entries: entries + added.entries - gone.entries,
      bytes: bytes + added.bytes - gone.bytes,
      offset: revisions,
    });
  }
  const log = { body: `{"changes":${changes.length}}`, tags: [...deltas.keys()].join(' ') };
  return {
    kind: 'decision',
    revisions,
    writes: changes,
    scopes: [...deltas.values()],
    log,
    ...shape,
  };
}

const none = { entries: 0, bytes: 0 };

export function workOf(
  ledger: string,
  changes: readonly Change[],
  shape: Partial<Decision> = {},
): Work {
  const refs = changes.map(({ scope, key }) => ({ scope, key }));
  return {
    ledger,
    reads: { refs, scopes: [] },
    decide: (view) => decisionOf(changes, view.entries, shape),
  };
}

/** Runs one work with a stamp of its own and expects that it was applied. */
export async function run(engine: Engine, work: Work): Promise<Applied> {
  const [outcome] = await engine.transact([work], newOptions());
  expect(outcome).toMatchObject({ kind: 'applied' });
  return outcome as Applied;
}

export function commit(
  engine: Engine,
  ledger: string,
  changes: readonly Change[],
  shape: Partial<Decision> = {},
): Promise<Applied> {
  return run(engine, workOf(ledger, changes, shape));
}

/** Applies upkeep that takes no revision. */
export function upkeep(
  engine: Engine,
  ledger: string,
  shape: Pick<Decision, 'trimThrough' | 'rewrites'>,
): Promise<Applied> {
  const decision: Decision = { ...nothing, ...shape };
  return run(engine, { ledger, reads: { refs: [], scopes: [] }, decide: () => decision });
}

/** What `decide` sees when it asks for these scopes and entries, changing nothing. */
export async function viewOf(
  engine: Engine,
  ledger: string,
  reads: Partial<Work['reads']>,
): Promise<View> {
  let last: View | undefined;
  await run(engine, {
    ledger,
    reads: { refs: [], scopes: [], ...reads },
    decide(view) {
      last = view;
      return nothing;
    },
  });
  return last!;
}

/** All entries of a range, page by page, as a caller must: pages may be short. */
export async function scanAll(
  engine: Engine,
  ledger: string,
  range: Partial<ScanRange> & { readonly scope: string },
): Promise<StoredEntry[]> {
  const found: StoredEntry[] = [];
  let { after } = range;
  for (;;) {
    const query = { reverse: false, keysOnly: false, limit: 1000, ...range, after };
    const { entries } = await engine.scan(ledger, query);
    if (entries.length === 0) return found;
    expect(entries.length).toBeLessThanOrEqual(query.limit);
    found.push(...entries);
    after = entries.at(-1)!.key;
  }
}

export async function readOne(
  engine: Engine,
  ledger: string,
  scope: string,
  key: string,
): Promise<StoredEntry | undefined> {
  return (await engine.read(ledger, [{ scope, key }])).entries[0];
}

/** The content of one entry; undefined where there is none. */
export async function contentAt(
  engine: Engine,
  ledger: string,
  scope: string,
  key: string,
): Promise<Content | undefined> {
  return (await readOne(engine, ledger, scope, key))?.content;
}

/** UTF-8 byte order, as the platform's own encoder and comparison have it. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Bytes as numbers, for comparing regardless of which subclass of Uint8Array came back. */
export function bytesOf(content: Content | undefined): number[] {
  expect(content).toBeInstanceOf(Uint8Array);
  return [...(content as Uint8Array)];
}
