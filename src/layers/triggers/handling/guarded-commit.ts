/**
 * A commit that happens once, though its answer may be lost and it may be sent again.
 *
 * G1. It carries the epoch of the shard: a stale owner changes nothing.
 * G2. It is written against the version of one row that it changes itself. If it arrives twice,
 *     early and late, the second meets a newer version.
 * G3. After a lost answer the row tells what became of it.
 */
import { isHoldfastError } from '../../../errors/index.ts';
import { present } from '../../../internal/assert.ts';
import type {
  Check,
  CheckFailure,
  Entry,
  Ledger,
  Mutation,
  Ownership,
  Proposal,
  Ref,
} from '../../../ledger/index.ts';

export interface Guard {
  readonly ref: Ref;
  /** 0: there is no such row. */
  readonly version: number;
  /** What the commit makes of the row; it goes first. */
  readonly mutation: Mutation;
  /** Whether the row is as the commit makes it. */
  isDone(entry: Entry | undefined): boolean;
}

export interface GuardedParts {
  readonly ledger: Ledger;
  readonly ownership: Ownership;
  /** Waits between attempts; false once nobody wants the commit any more. */
  pause(error: unknown): Promise<boolean>;
}

export type Guarded =
  /** `version` is that of the guard's row now. */
  | { readonly kind: 'done'; readonly version: number }
  /** Checks other than the guard's failed. */
  | { readonly kind: 'conflict'; readonly failures: readonly CheckFailure[] }
  /** Another owns the shard, or its progress was reset: it is not ours to go on. */
  | { readonly kind: 'fenced' };

/** Throws what asking again does not cure. */
export async function commitOnce(
  parts: GuardedParts,
  guard: Guard,
  proposal: Proposal,
): Promise<Guarded> {
  const { ref, version } = guard;
  const checks: Check[] = [
    { kind: 'version', ...ref, version },
    parts.ownership.check(),
    ...(proposal.checks ?? []),
  ];
  const mutations = [guard.mutation, ...(proposal.mutations ?? [])];
  for (;;) {
    try {
      const answer = await parts.ledger.commit({ ...proposal, checks, mutations });
      if (answer.kind === 'committed') {
        return { kind: 'done', version: present(answer.results[0], 'a result').version };
      }
      const others = answer.failures.filter(({ index }) => index > 1);
      const guarded = answer.failures.some(({ index }) => index === 0);
      if (guarded) {
        const found = await settledBy(parts, guard);
        if (found !== undefined) return found;
      }
      if (parts.ownership.lostBy(answer) || guarded) return { kind: 'fenced' };
      return { kind: 'conflict', failures: others };
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      if (!error.retryable && error.outcome !== 'unknown') throw error;
      if (error.code === 'internal' || !(await parts.pause(error))) return { kind: 'fenced' };
      if (error.outcome !== 'unknown') continue;
      const found = await settledBy(parts, guard);
      if (found !== undefined) return found;
    }
  }
}

/** What the row says; undefined if the commit has not happened. */
async function settledBy(parts: GuardedParts, guard: Guard): Promise<Guarded | undefined> {
  for (;;) {
    try {
      const [entry] = await parts.ledger.read([guard.ref]);
      if ((entry?.version ?? 0) === guard.version) return undefined;
      if (guard.isDone(entry)) return { kind: 'done', version: entry?.version ?? 0 };
      return { kind: 'fenced' };
    } catch (error) {
      if (!isHoldfastError(error) || !error.retryable) throw error;
      if (!(await parts.pause(error))) return { kind: 'fenced' };
    }
  }
}
