/**
 * `transact` and `resolve` on a store file.
 *
 * A1. All works of a call decide, and all decisions are checked, before anything is written. What
 *     a view showed holds until COMMIT, for the file is locked for writing (T2).
 * A2. One BEGIN IMMEDIATE … COMMIT for the call: one sync, however many works and ledgers.
 * A3. What this process knows (ledgers.ts) changes only after COMMIT.
 * A4. A failed COMMIT was rolled back: no live process can see it. Only if the sync itself failed
 *     may a crash still bring it back from the file, until the next commit writes over it. That is
 *     `unknown`, and the fence of `resolve` is that next commit.
 * A5. A call holds one work per ledger: `resolve` names a work by its ledger and its stamp.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { StoredEntry } from '../entry.ts';
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
import { checkDecision, isIdle, joinReads } from '../verdict.ts';
import { Application, idleOutcome } from './commit/apply.ts';
import type { Change } from './commit/apply.ts';
import { foldTail } from './commit/fold.ts';
import type { Connection } from './file/connection.ts';
import { CommitFailure, explainFailure, isDoubtfulCommit } from './file/errors.ts';
import type { Hints } from './hints.ts';
import { fresh } from '../kept-entry.ts';
import type { Ledgers, LedgerState } from './ledgers.ts';
import { checkStamp, resolveStamp } from './commit/stamps.ts';

interface Plan {
  readonly ledger: LedgerState;
  readonly decision: Decision;
  readonly time: number;
  /** All that the work has asked for by now. */
  readonly reads: Reads;
}

export class Transactor {
  readonly #connection: Connection;
  readonly #ledgers: Ledgers;
  readonly #incarnation: string;
  readonly #hints: Hints;
  /** The ledgers on which this opening has recorded its incarnation. */
  readonly #begun = new Set<string>();
  #relaxed = false;

  constructor(connection: Connection, ledgers: Ledgers, hints: Hints) {
    this.#connection = connection;
    this.#ledgers = ledgers;
    this.#incarnation = connection.options.random.hex(8);
    this.#hints = hints;
  }

  async transact(work: readonly Work[], options: TransactOptions): Promise<readonly Outcome[]> {
    if (work.length === 0) return [];
    if (work.length > 1 && new Set(work.map(({ ledger }) => ledger)).size < work.length) {
      throw new HoldfastError('internal', 'a call of transact holds two works of one ledger', {
        outcome: 'not-applied',
      });
    }
    let outcomes: readonly Applied[] = [];
    try {
      await this.#connection.writing(
        options.durability,
        () => {
          const plans = this.#decide(work, options.stamp);
          if (plans.every(({ decision }) => isIdle(decision))) {
            outcomes = plans.map(({ ledger, time }) => idleOutcome(ledger, time));
            return undefined;
          }
          return plans.map((plan) => this.#apply(plan, options.stamp));
        },
        (changes) => {
          outcomes = changes.map(({ applied }) => applied);
          this.#relaxed = options.durability === 'relaxed';
          for (const change of changes) this.#publish(change);
        },
      );
    } catch (error) {
      const cause = await this.#failure(error);
      return work.map(() => ({ kind: 'unknown', cause }));
    }
    return outcomes;
  }

  async resolve(name: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    let answer: Applied | 'not-applied' = 'not-applied';
    await this.#connection.update(
      'sync',
      () => {
        this.#ledgers.refresh();
        const ledger = this.#ledgers.current(name);
        const resolution = resolveStamp(this.#connection, this.#ledgers, ledger, stamp);
        if (resolution.kind === 'fenced') return true;
        answer = resolution.answer;
        return undefined;
      },
      () => this.#ledgers.forget(),
    );
    return answer;
  }

  /** Nothing to do unless a relaxed commit was the last: a later sync covers all before it. */
  async flush(): Promise<void> {
    if (!this.#relaxed) return;
    await this.#connection.update(
      'sync',
      () => {
        this.#connection.run("UPDATE upkeep SET count = count + 1 WHERE name = 'flush'");
        return true;
      },
      () => {
        this.#relaxed = false;
      },
    );
  }

  /** Folds the tails of the ledgers to which this opening has committed; the last thing it does. */
  fold(): boolean {
    this.#ledgers.refresh();
    let isFolded = false;
    for (const name of this.#begun) {
      const ledger = this.#ledgers.current(name);
      if (foldTail(this.#connection, this.#ledgers, ledger)) isFolded = true;
    }
    return isFolded;
  }

  #decide(work: readonly Work[], stamp: Stamp): Plan[] {
    const { clock } = this.#connection.options;
    this.#ledgers.refresh();
    for (const { ledger } of work) {
      checkStamp(this.#connection, this.#ledgers.current(ledger), stamp);
    }
    const plans = work.map((each) => this.#plan(each, clock.now(), each.reads));
    // Other processes read by their own clocks while this one decides; a decision that rests on an
    // entry that has died since is made once more.
    const now = clock.now();
    return plans.map((plan, index) => {
      const { decision, time } = plan;
      const isLate =
        decision.validUntil !== undefined &&
        time < decision.validUntil &&
        now >= decision.validUntil;
      return isLate ? this.#plan(work[index] as Work, now, plan.reads) : plan;
    });
  }

  /** `asked` is what the work reads, with what it has needed in earlier decisions. */
  #plan(work: Work, now: number, asked: Reads): Plan {
    const ledger = this.#ledgers.current(work.ledger);
    const time = Math.max(now, ledger.head.time);
    let reads = asked;
    for (;;) {
      const view: View = {
        head: ledger.head,
        time,
        entries: reads.refs.map(({ scope, key }) => this.#entry(ledger, scope, key)),
        scopes: reads.scopes.map((scope) => this.#ledgers.stat(ledger, scope)),
      };
      const verdict = work.decide(view);
      if (verdict.kind === 'decision') {
        checkDecision(verdict);
        return { ledger, decision: verdict, time, reads };
      }
      reads = joinReads(reads, verdict);
    }
  }

  #entry(ledger: LedgerState, scope: string, key: string): StoredEntry | undefined {
    const entry = this.#ledgers.entry(ledger, scope, key);
    return entry === null ? undefined : fresh(entry);
  }

  #apply({ ledger, decision, time }: Plan, stamp: Stamp): Change {
    const isFirst = decision.revisions > 0 && !this.#begun.has(ledger.name);
    const incarnation = isFirst ? this.#incarnation : undefined;
    const plan = { ledger, decision, time, stamp, incarnation };
    return new Application(this.#connection, this.#ledgers, plan).run();
  }

  /** Throws what a caller can act on; returns if the commit may yet come back after a crash. */
  async #failure(error: unknown): Promise<unknown> {
    const cause = error instanceof CommitFailure ? error.cause : error;
    if (error instanceof CommitFailure && isDoubtfulCommit(cause)) return cause;
    throw await explainFailure(cause, this.#connection.path);
  }

  #publish(change: Change): void {
    change.publish();
    if (change.revisions === 0) return;
    this.#begun.add(change.ledger);
    const { base } = change.applied;
    this.#hints.publish(change.ledger, base + change.revisions);
  }
}
