/**
 * `transact` and `resolve`: lock, read, decide, write.
 *
 * A1. Two round trips: BEGIN, the lock and the reads leave together; so do the write and COMMIT.
 *     A `need` costs one more.
 * A2. Calls that wait at the same time share a transaction (`commit/joint.ts`); else a call is one
 *     by itself, which waits until it holds its ledger.
 * A3. The stamp of a commit is a row that is written with it, so `resolve`, which takes the same
 *     lock, sees it or fences it: a message under way can then no longer apply.
 */
import { HoldfastError } from '../../errors/index.ts';
import { present } from '../../internal/assert.ts';
import type { Applied, Outcome, Reads, Stamp, TransactOptions, Work } from '../transaction.ts';
import { Applier } from './commit/apply.ts';
import { WorkFailure } from './commit/call.ts';
import type { Call, Result } from './commit/call.ts';
import { decideAll } from './commit/decide.ts';
import type { Held } from './commit/held.ts';
import { Joint } from './commit/joint.ts';
import type { Locks } from './commit/lock.ts';
import { LogUpkeep } from './commit/log-upkeep.ts';
import { Queue } from './commit/queue.ts';
import { isIdle, needsUpkeep } from '../verdict.ts';
import { idleOutcome, resultOf } from './commit/verdict.ts';
import { Views } from './commit/view.ts';
import type { Seen } from './commit/view.ts';
import { writeAll, writeWithUpkeep } from './commit/write.ts';
import type { Hints } from './hints.ts';
import type { PostgresStore } from './store.ts';
import { explain } from './wire/failure.ts';
import type { Session } from './wire/session.ts';
import type { Statement } from './wire/statement.ts';

const nothing: Reads = { refs: [], scopes: [] };

export class Transactor {
  readonly #store: PostgresStore;
  readonly #hints: Hints;
  readonly #locks: Locks;
  readonly #views: Views;
  readonly #applier: Applier;
  readonly #upkeep: LogUpkeep;
  readonly #queue: Queue;
  readonly #fence: Statement;
  readonly #flush: Statement;
  #relaxed = false;

  constructor(store: PostgresStore, locks: Locks, hints: Hints) {
    this.#store = store;
    this.#hints = hints;
    this.#locks = locks;
    this.#views = new Views(store);
    this.#applier = new Applier(store);
    this.#upkeep = new LogUpkeep(store);
    const joint = new Joint(store, locks, this.#views, this.#applier);
    this.#queue = new Queue({
      clock: store.options.clock,
      atOnce: store.writing.size,
      alone: (call) => this.#alone(call),
      together: (calls) => joint.run(calls),
    });
    this.#fence = store.prepare(`INSERT INTO {stamp} (ledger, member, sequence, kept_at)
      VALUES ($1, $2, $3, $4) ON CONFLICT (ledger, member) DO UPDATE SET
      sequence = excluded.sequence, base = NULL, incarnation = NULL, time = NULL,
      kept_at = excluded.kept_at`);
    // Takes a transaction number, and so a commit that waits for all before it to be on disk.
    this.#flush = store.prepare(`SELECT pg_logical_emit_message(true, 'holdfast', 'flush')`);
  }

  async transact(works: readonly Work[], options: TransactOptions): Promise<readonly Outcome[]> {
    const [work] = works;
    if (work === undefined) return [];
    if (works.length > 1) {
      const message = 'a call of transact holds several works; this engine takes one ledger a call';
      throw new HoldfastError('internal', message, { outcome: 'not-applied' });
    }
    const call: Call = { ...options, work, reads: work.reads };
    const { answer, revisions, head } = await this.#queue.submit(call);
    if (revisions > 0) {
      // A sync commit beside it may have been on disk before it was even written.
      if (call.durability === 'relaxed') this.#relaxed = true;
      this.#hints.publish(work.ledger, head);
    }
    return [answer];
  }

  async resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    const { member } = stamp;
    try {
      return await this.#locks.hold(
        ledger,
        'sync',
        (session) => this.#views.see(session, [{ ledger, member, reads: nothing }]),
        (held, seen) => this.#resolve(held, seen, stamp),
      );
    } catch (error) {
      throw explain(error, this.#store.settings.place);
    }
  }

  /** Nothing to do unless there was a relaxed commit since the last flush. */
  async flush(): Promise<void> {
    if (!this.#relaxed) return;
    this.#relaxed = false;
    try {
      await this.#store.asking(async (session) => {
        const commit = this.#store.facts.syncCommit;
        const [, , , committed] = session.flight(() => [
          session.batch('BEGIN READ WRITE'),
          session.batch(`SET LOCAL synchronous_commit = ${commit}`),
          session.run(this.#flush),
          session.batch('COMMIT'),
        ]);
        if ((await committed)?.command !== 'COMMIT') throw new Error('the flush was rolled back');
      });
    } catch (error) {
      this.#relaxed = true;
      throw error;
    }
  }

  async #alone(call: Call): Promise<Result> {
    const { work, stamp, durability } = call;
    const { ledger } = work;
    try {
      return await this.#locks.hold(
        ledger,
        durability,
        (session: Session) =>
          this.#views.see(session, [{ ledger, member: stamp.member, reads: call.reads }]),
        (held, seen) => this.#decide(held, seen, call),
      );
    } catch (error) {
      if (error instanceof WorkFailure) throw error.cause;
      throw explain(error, this.#store.settings.place);
    }
  }

  async #decide(held: Held, [seen]: readonly Seen[], call: Call): Promise<Result> {
    const { session } = held;
    const first = present(seen, 'a view');
    const [one] = await decideAll(this.#views, session, [{ call, held, seen: first }]);
    const decided = present(one, 'a verdict');
    if (decided instanceof WorkFailure) throw decided;
    const { decision } = decided;
    if (isIdle(decision)) {
      void session.batch('ROLLBACK');
      return resultOf(idleOutcome(decided), held, decision);
    }
    const [answer] = needsUpkeep(decision)
      ? [await writeWithUpkeep(session, this.#applier, this.#upkeep, decided)]
      : await writeAll(session, this.#applier, [decided]);
    return resultOf(present(answer, 'an outcome'), held, decision);
  }

  async #resolve(
    held: Held,
    [seen]: readonly Seen[],
    stamp: Stamp,
  ): Promise<Applied | 'not-applied'> {
    const { session, ledger } = held;
    const { member, sequence } = stamp;
    const last = seen?.stamp;
    if (last !== undefined && last.sequence > sequence) {
      throw new HoldfastError('stamp_expired', 'the member went on to a later stamp', {
        details: { asked: sequence, last: last.sequence },
      });
    }
    if (last?.sequence === sequence) {
      void session.batch('ROLLBACK');
      return last.applied ?? 'not-applied';
    }
    const [, committed] = await Promise.all(
      session.flight(() => [
        session.run(this.#fence, [ledger, member, sequence, seen?.now]),
        session.batch('COMMIT'),
      ]),
    );
    if (committed?.command !== 'COMMIT') {
      throw new HoldfastError('unavailable', 'the fence of a stamp was rolled back');
    }
    return 'not-applied';
  }
}
