/**
 * Writes a checkpoint: its rows, its manifest and whatever else the step staged.
 *
 * P1. The manifest makes it visible, all at once. What fits is one commit; rows beyond that are
 *     written before it, unseen, and the last commit has the manifest and all staged writes.
 * P2. Every commit carries the owner's epoch: who was taken over writes nothing more.
 * P3. After a lost answer the commit is repeated; a manifest with our nonce says that it was there
 *     already. Nothing is applied twice.
 */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import { limits } from '../../../ledger/index.ts';
import type {
  Check,
  CheckFailure,
  CommitAnswer,
  Mutation,
  Ownership,
  Position,
  ScopeQuota,
} from '../../../ledger/index.ts';
import { checkpointKey, rowKey } from '../keyspace.ts';
import type { StateChanges } from '../state/run-state.ts';
import { goneSchema } from './load.ts';
import { manifestOf, storedManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { RunHome } from './run-home.ts';

const unknownAttempts = 5;
/** Of one commit's values; what lies beyond goes out before. */
const commitBytes = 16 * 1024 * 1024;

export interface Publication {
  readonly number: number;
  readonly manifest: Manifest;
  readonly changes: StateChanges;
  /** Staged beside the state. */
  readonly checks: readonly Check[];
  readonly mutations: readonly Mutation[];
  readonly quotas?: readonly ScopeQuota[] | undefined;
  readonly durability?: 'sync' | 'relaxed' | undefined;
}

export type Published =
  | { readonly kind: 'published'; readonly position: Position; readonly time: number }
  /** Staged checks that failed; nothing was applied. */
  | { readonly kind: 'conflict'; readonly failures: readonly CheckFailure[] };

/** Throws `fenced`, and what a commit throws. */
export async function publish(
  home: RunHome,
  ownership: Ownership,
  publication: Publication,
): Promise<Published> {
  const { number, manifest, changes, mutations, quotas, durability } = publication;
  const key = checkpointKey(number);
  const value = storedManifest(number, manifest);
  const saved: Mutation = { kind: 'set', ...home.ref(key), value };
  const rows = rowMutations(home, number, changes);
  const room = limits.mutationsPerProposal - mutations.length - 1;
  if (room < 0) throw tooMany(mutations.length);
  for (const early of earlyRows(rows, room)) {
    const proposal = { checks: [ownership.check()], mutations: early };
    const answer = await patiently(() => home.host.commit(proposal));
    if (answer.kind === 'conflict') throw fenced(home, ownership, answer);
  }
  const fence: Check[] = [
    ownership.check(),
    { kind: 'version', ...home.ref(key), version: 0 },
    ...publication.checks,
  ];
  const proposal = { checks: fence, mutations: [...rows, saved, ...mutations], quotas };
  const answer = await patiently(() => home.host.commit(proposal, durability));
  if (answer.kind === 'committed') {
    return { kind: 'published', position: answer.position, time: answer.time };
  }
  const entry = await home.entry(key);
  if (entry !== undefined && manifestOf(entry).nonce === manifest.nonce) {
    const { incarnation } = answer.position;
    const position = { incarnation, revision: entry.version };
    return { kind: 'published', position, time: entry.createdAt };
  }
  if (answer.failures.some(({ index }) => index < 2)) throw fenced(home, ownership, answer);
  return { kind: 'conflict', failures: answer.failures };
}

/** Takes rows off the front until what is left fits into the last commit. */
function* earlyRows(rows: Mutation[], room: number): Generator<Mutation[]> {
  let bytes = 0;
  for (const row of rows) bytes += sizeOf(row);
  while (rows.length > room || bytes > commitBytes) {
    const early: Mutation[] = [];
    let earlyBytes = 0;
    for (let row = rows[0]; row !== undefined; row = rows[0]) {
      const size = sizeOf(row);
      const isFull = early.length === limits.mutationsPerProposal;
      if (early.length > 0 && (isFull || earlyBytes + size > commitBytes)) break;
      rows.shift();
      early.push(row);
      earlyBytes += size;
    }
    bytes -= earlyBytes;
    yield early;
  }
}

function rowMutations(home: RunHome, number: number, changes: StateChanges): Mutation[] {
  return Array.from(changes, ([place, value]): Mutation => {
    const ref = home.ref(rowKey(place, number));
    if (value === undefined) return { kind: 'set', ...ref, value: null, schema: goneSchema };
    return { kind: 'set', ...ref, value };
  });
}

function sizeOf(mutation: Mutation): number {
  if (mutation.kind !== 'set') return 0;
  const { value } = mutation as { value: { readonly size?: number } | null };
  return value?.size ?? 0;
}

/** Repeats a commit whose answer was lost; it must be one that cannot be applied twice. */
export async function patiently(commit: () => Promise<CommitAnswer>): Promise<CommitAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await commit();
    } catch (error) {
      const isUnknown = isHoldfastError(error) && error.outcome === 'unknown' && error.retryable;
      if (!isUnknown || attempt === unknownAttempts) throw error;
    }
  }
}

export function fenced(home: RunHome, ownership: Ownership, answer?: CommitAnswer): HoldfastError {
  if (answer !== undefined) ownership.lostBy(answer);
  const { workflow, run } = home;
  const text = `run '${run}' of '${workflow}' was taken over; nothing of this step was written`;
  return new HoldfastError('fenced', text, {
    details: { workflow, run, epoch: ownership.epoch },
  });
}

function tooMany(count: number): HoldfastError {
  const most = limits.mutationsPerProposal - 1;
  const text = `a step stages ${count} writes to the app; at most ${most}`;
  return new HoldfastError('limit_exceeded', text, { details: { count, limit: most } });
}
