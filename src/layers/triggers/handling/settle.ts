/**
 * From an attempt to its commit: what the handler staged is committed together with what says that
 * the event is done, and the handler runs again if what it read no longer holds.
 */
import type { Mutation } from '../../../ledger/index.ts';
import { Retry } from '../../scopes/index.ts';
import type { TriggerEvent } from '../trigger-event.ts';
import { attempt } from './attempt.ts';
import type { Outcome } from './attempt.ts';
import { commitOnce } from './guarded-commit.ts';
import type { Guard } from './guarded-commit.ts';
import { causeOf } from '../running/setting.ts';
import type { Shard } from '../running/shard.ts';

const conflictsMax = 20;

export interface Settling {
  /** The guard's row says that the event is done. */
  readonly guard: Guard;
  /** Go with the commit. */
  readonly mutations: readonly Mutation[];
  /** Whether to commit even if the handler wrote nothing. */
  readonly isWritten: boolean;
  event(): TriggerEvent;
}

export type Settled =
  /** `version` is that of the guard's row; undefined if nothing was written. */
  | { readonly kind: 'done'; readonly version: number | undefined }
  | { readonly kind: 'failed'; readonly error: unknown; readonly event: TriggerEvent }
  /** The shard is not ours any more. */
  | { readonly kind: 'lost' };

/** `first` is an attempt that was made already. */
export async function settle(
  shard: Shard,
  settling: Settling,
  first?: { readonly event: TriggerEvent; readonly outcome: Outcome },
): Promise<Settled> {
  const { setting } = shard;
  const retry = new Retry(setting.host, conflictsMax, `trigger '${setting.name}'`);
  let event = first?.event ?? settling.event();
  let outcome = first?.outcome ?? (await attempt(setting, event, shard.running));
  try {
    for (;;) {
      if (shard.isOver) return { kind: 'lost' };
      if (outcome.kind === 'failed') return { kind: 'failed', error: outcome.error, event };
      const tx = outcome.kind === 'handled' ? outcome.work.staged : undefined;
      const staged = tx?.proposal() ?? { checks: [], mutations: [], quotas: [] };
      const { guard, mutations, isWritten } = settling;
      if (!isWritten && staged.mutations.length === 0) {
        setting.counters[outcome.kind] += 1;
        return { kind: 'done', version: undefined };
      }
      const proposal = { ...staged, mutations: [...mutations, ...staged.mutations] };
      const cause = causeOf(setting.name, event);
      const guarded = await commitOnce(shard.guarded, guard, { ...proposal, cause });
      if (guarded.kind === 'fenced') return { kind: 'lost' };
      if (guarded.kind === 'done') {
        setting.counters[outcome.kind] += 1;
        return guarded;
      }
      await retry.after({ ...guarded, position: event.position });
      event = settling.event();
      outcome = await attempt(setting, event, shard.running);
    }
  } catch (error) {
    return { kind: 'failed', error, event };
  } finally {
    retry.release();
  }
}
