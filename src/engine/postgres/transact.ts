/**
 * `transact` and `resolve`: lock, read, decide, write.
 *
 * A1. Two round trips: BEGIN, the lock and the reads leave together; so do the write and COMMIT.
 *     A `need` costs one more.
 * A2. Nobody else can commit to the ledger between the view and the commit, so all that a view
 *     showed holds (T2), and what a decision `holds` needs no second look.
 * A3. What fails before the writing flight left is certain. Behind it, only the server's own word
 *     is: an ERROR, or COMMIT answered by ROLLBACK. All else is `unknown`.
 * A4. The stamp of a commit is a row that is written with it, so `resolve`, which takes the same
 *     lock, sees it or fences it: a message under way can then no longer apply.
 */
import { HoldfastError } from '../../errors/index.ts';
import type {
  Applied,
  Decision,
  Outcome,
  Reads,
  Stamp,
  TransactOptions,
  View,
  Work,
} from '../transaction.ts';
import { checkDecision, joinReads } from '../verdict.ts';
import { Applier } from './commit/apply.ts';
import { Again } from './commit/lock.ts';
import type { Held, Locks } from './commit/lock.ts';
import { LogUpkeep, unchanged } from './commit/log-upkeep.ts';
import { Views } from './commit/view.ts';
import type { LastStamp, Seen } from './commit/view.ts';
import type { Hints } from './hints.ts';
import type { PostgresStore } from './store.ts';
import { explain, isRefusal } from './wire/failure.ts';
import type { Answer } from './wire/session.ts';
import type { Statement } from './wire/statement.ts';

/** What a work threw, which is nobody's failure but its own. */
class WorkFailure extends Error {
  constructor(cause: unknown) {
    super('a decide threw', { cause });
  }
}

const nothing: Reads = { refs: [], scopes: [] };

export class Transactor {
  readonly #store: PostgresStore;
  readonly #hints: Hints;
  readonly #locks: Locks;
  readonly #views: Views;
  readonly #applier: Applier;
  readonly #upkeep: LogUpkeep;
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
    return [await this.#transact(work, options)];
  }

  async resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    try {
      return await this.#locks.hold(
        ledger,
        'sync',
        (session) => this.#views.see(session, ledger, stamp.member, nothing),
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

  async #transact(work: Work, options: TransactOptions): Promise<Outcome> {
    const { ledger } = work;
    const { stamp, durability } = options;
    // What a work has needed in one attempt is read at once in the next.
    let { reads } = work;
    const remember = (all: Reads): void => {
      reads = all;
    };
    try {
      const outcome = await this.#locks.hold(
        ledger,
        durability,
        (session) => this.#views.see(session, ledger, stamp.member, reads),
        (held, seen) => this.#decide(held, seen, { work, stamp, reads, remember }),
      );
      if (outcome.revisions > 0) {
        // A sync commit beside it may have been on disk before it was even written.
        if (durability === 'relaxed') this.#relaxed = true;
        this.#hints.publish(ledger, outcome.head);
      }
      return outcome.answer;
    } catch (error) {
      if (error instanceof WorkFailure) throw error.cause;
      throw explain(error, this.#store.settings.place);
    }
  }

  async #decide(held: Held, first: Seen, call: Call): Promise<Result> {
    checkStamp(first.stamp, call.stamp);
    let { reads } = call;
    let seen = first;
    for (;;) {
      const time = Math.max(seen.now, held.head.time);
      const view: View = { head: held.head, time, entries: seen.entries, scopes: seen.scopes };
      const verdict = judged(() => call.work.decide(view));
      if (verdict.kind === 'decision') {
        judged(() => checkDecision(verdict));
        return this.#write(held, verdict, call.stamp, time);
      }
      const asked = reads;
      reads = judged(() => joinReads(asked, verdict));
      call.remember(reads);
      const more = await this.#views.see(
        held.session,
        held.ledger,
        call.stamp.member,
        verdict.reads,
      );
      seen = {
        ...more,
        entries: [...seen.entries, ...more.entries],
        scopes: [...seen.scopes, ...more.scopes],
      };
    }
  }

  async #write(held: Held, decision: Decision, stamp: Stamp, time: number): Promise<Result> {
    const { session, head } = held;
    const { revisions } = decision;
    const result = { revisions, head: head.revision + revisions };
    if (isIdle(decision)) {
      void session.batch('ROLLBACK');
      const { revision: base, incarnation } = head;
      return { ...result, answer: { kind: 'applied', base, incarnation, time } };
    }
    const needsUpkeep = this.#upkeep.isNeeded(decision);
    const change = needsUpkeep ? await this.#upkeep.run(held, decision, time) : unchanged;
    const application = this.#applier.plan({ held, decision, stamp, time, change });
    const { statement } = this.#applier;
    if (needsUpkeep) {
      // What the upkeep did must not be committed alone.
      const { rows } = await session.run(statement, application.values);
      if (rows.length === 0) throw new Again();
      const [committed] = await Promise.allSettled([session.batch('COMMIT')]);
      return { ...result, answer: outcomeOf(rows[0], committed, application.applied) };
    }
    const [written, committed] = await Promise.allSettled(
      session.flight(() => [session.run(statement, application.values), session.batch('COMMIT')]),
    );
    if (written?.status === 'rejected') {
      if (isRefusal(written.reason)) throw written.reason;
      return { ...result, answer: { kind: 'unknown', cause: written.reason } };
    }
    const row = written?.value.rows[0];
    if (row === undefined && committed?.status === 'fulfilled') throw new Again();
    return { ...result, answer: outcomeOf(row, committed, application.applied) };
  }

  async #resolve(held: Held, seen: Seen, stamp: Stamp): Promise<Applied | 'not-applied'> {
    const { session, ledger } = held;
    const { member, sequence } = stamp;
    const last = seen.stamp;
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
        session.run(this.#fence, [ledger, member, sequence, seen.now]),
        session.batch('COMMIT'),
      ]),
    );
    if (committed?.command !== 'COMMIT') {
      throw new HoldfastError('unavailable', 'the fence of a stamp was rolled back');
    }
    return 'not-applied';
  }
}

interface Call {
  readonly work: Work;
  readonly stamp: Stamp;
  readonly reads: Reads;
  remember(reads: Reads): void;
}

interface Result {
  readonly answer: Outcome;
  readonly revisions: number;
  /** The revision that the head has if the answer is `applied`. */
  readonly head: number;
}

function judged<T>(judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    throw new WorkFailure(error);
  }
}

function checkStamp(last: LastStamp | undefined, { member, sequence }: Stamp): void {
  if (last === undefined || last.sequence < sequence) return;
  throw new WorkFailure(
    new HoldfastError('fenced', `stamp ${sequence} comes after ${last.sequence}`, {
      details: { member, sequence, last: last.sequence },
    }),
  );
}

/** A3. Throws what is certain. */
function outcomeOf(
  row: readonly unknown[] | undefined,
  committed: PromiseSettledResult<Answer> | undefined,
  applied: (time: number) => Applied,
): Outcome {
  if (committed?.status === 'fulfilled' && row !== undefined) {
    if (committed.value.command === 'COMMIT') return applied(row[0] as number);
    throw new HoldfastError('unavailable', 'the server has rolled the commit back');
  }
  const cause: unknown = committed?.status === 'rejected' ? committed.reason : undefined;
  if (isRefusal(cause)) throw cause;
  return { kind: 'unknown', cause };
}

/** Upkeep (a trim, a rewrite, blind counts) takes no revision, but it is something to apply. */
function isIdle({ revisions, scopes, trimThrough, rewrites }: Decision): boolean {
  return (
    revisions === 0 &&
    scopes.length === 0 &&
    trimThrough === undefined &&
    (rewrites === undefined || rewrites.length === 0)
  );
}
