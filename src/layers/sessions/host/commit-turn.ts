/** The commit of a turn, and finding out what became of one whose answer was lost. */
import { isHoldfastError } from '../../../errors/index.ts';
import type { Clock } from '../../../internal/clock.ts';
import type { Ledger, Mutation } from '../../../ledger/index.ts';
import { headRef } from '../keyspace.ts';
import { loadSession } from '../stored-session.ts';
import type { StoredSession } from '../stored-session.ts';

export interface CommitParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly durability: 'sync' | 'relaxed';
}

const tries = 8;
const firstWaitMs = 10;

/**
 * Whether the turn was committed; if not, others changed the session. A commit whose outcome is
 * not known is looked up by the turn's record and, if it is not there, made again: the check of the
 * head lets only one of them through.
 */
export async function commitTurn(
  { ledger, clock, durability }: CommitParts,
  session: StoredSession,
  turn: string,
  mutations: readonly Mutation[],
): Promise<boolean> {
  const head = headRef(session.scope);
  const checks = [{ kind: 'version', ...head, version: session.headVersion }] as const;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { kind } = await ledger.commit({ checks, mutations, durability });
      return kind === 'committed';
    } catch (error) {
      const mayHelp = isHoldfastError(error) && (error.retryable || error.outcome === 'unknown');
      if (!mayHelp || attempt === tries) throw error;
      await clock.sleep(firstWaitMs * 2 ** attempt);
      const now = await loadSession(ledger, session.name, turn).catch(() => undefined);
      if (now?.turn !== undefined) return true;
    }
  }
}
