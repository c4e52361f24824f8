/**
 * Calls to several ledgers in one transaction, so that they share its round trips and its sync.
 *
 * J1. It takes those ledgers that nobody holds, and waits for none: a ledger that somebody else
 *     holds delays no other, and two processes cannot wait for each other.
 * J2. Each call is decided for itself, and keeps its own base, stamp and outcome.
 * J3. What cannot share the others' fate goes alone: upkeep, a ledger that is ahead of the clock,
 *     and all of them if the server refuses the whole.
 */
import type { PostgresStore } from '../store.ts';
import { explain, isRefusal } from '../wire/failure.ts';
import type { Session } from '../wire/session.ts';
import type { Applier } from './apply.ts';
import { WorkFailure } from './call.ts';
import type { Call, Result } from './call.ts';
import { decideAll } from './decide.ts';
import type { Decided } from './decide.ts';
import { Again } from './lock.ts';
import type { Locks } from './lock.ts';
import type { Views } from './view.ts';
import { isIdle, needsUpkeep } from '../../verdict.ts';
import { idleOutcome, resultOf } from './verdict.ts';
import { writeAll } from './write.ts';

/** What became of a call. `missed`: its ledger was held; `alone`: it has to go by itself. */
export type Fate =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'missed' }
  | { readonly kind: 'alone' };

export class Joint {
  readonly #store: PostgresStore;
  readonly #locks: Locks;
  readonly #views: Views;
  readonly #applier: Applier;

  constructor(store: PostgresStore, locks: Locks, views: Views, applier: Applier) {
    this.#store = store;
    this.#locks = locks;
    this.#views = views;
    this.#applier = applier;
  }

  /** Of calls to ledgers that are all different. One fate for each, in order; never throws. */
  async run(calls: readonly Call[]): Promise<readonly Fate[]> {
    const fates = new Map<Call, Fate>();
    let rest: Fate = { kind: 'missed' };
    try {
      await this.#store.writing.lend((session) => this.#attempt(session, calls, fates));
    } catch (error) {
      // Nothing was written, whatever it is.
      if (error instanceof Again) rest = { kind: 'missed' };
      else if (isRefusal(error) || this.#store.mayTryAgain(error)) rest = { kind: 'alone' };
      else rest = { kind: 'failed', error: explain(error, this.#store.settings.place) };
    }
    return calls.map((call) => fates.get(call) ?? rest);
  }

  async #attempt(session: Session, calls: readonly Call[], fates: Map<Call, Fate>): Promise<void> {
    let isOver = false;
    try {
      const toWrite = await this.#decide(session, calls, fates);
      if (toWrite.length === 0) return;
      const outcomes = await writeAll(session, this.#applier, toWrite);
      isOver = true;
      for (const [index, { call, held, decision }] of toWrite.entries()) {
        const answer = outcomes[index];
        if (answer !== undefined) {
          fates.set(call, { kind: 'done', result: resultOf(answer, held, decision) });
        }
      }
    } finally {
      if (!isOver && !session.isBroken) await session.batch('ROLLBACK').catch(() => undefined);
    }
  }

  async #decide(
    session: Session,
    calls: readonly Call[],
    fates: Map<Call, Fate>,
  ): Promise<Decided[]> {
    const durability = calls.some((call) => call.durability === 'sync') ? 'sync' : 'relaxed';
    const ledgers = calls.map(({ work }) => work.ledger);
    const { held, first } = await this.#locks.holdFree(session, ledgers, durability, (asked) =>
      this.#views.see(asked, calls.map(lookOf)),
    );
    const parts = calls.flatMap((call, index) => {
      const [own, seen] = [held.get(call.work.ledger), first[index]];
      if (own === undefined || seen === undefined) return [];
      // The commits of one statement have one time, which must not be that of a clock to come.
      if (own.head.time > seen.now) fates.set(call, { kind: 'alone' });
      return own.head.time > seen.now ? [] : [{ call, held: own, seen }];
    });
    const toWrite: Decided[] = [];
    const answers = await decideAll(this.#views, session, parts);
    for (const [index, { call, held: own }] of parts.entries()) {
      const answer = answers[index];
      if (answer === undefined) continue;
      if (answer instanceof WorkFailure) fates.set(call, { kind: 'failed', error: answer.cause });
      else if (isIdle(answer.decision)) {
        const result = resultOf(idleOutcome(answer), own, answer.decision);
        fates.set(call, { kind: 'done', result });
      } else if (needsUpkeep(answer.decision)) fates.set(call, { kind: 'alone' });
      else toWrite.push(answer);
    }
    return toWrite;
  }
}

function lookOf({ work, stamp, reads }: Call): {
  readonly ledger: string;
  readonly member: string;
  readonly reads: Call['reads'];
} {
  return { ledger: work.ledger, member: stamp.member, reads };
}
