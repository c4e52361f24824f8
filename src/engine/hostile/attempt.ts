/**
 * One work on its way through an optimistic engine: shown a moment, decided, validated, applied.
 *
 * B1. Only the answer to the last call of `decide` is applied, and only if the entries that its
 *     view showed and what it `holds` are still so (T2).
 * B2. A view of the past, which may be from before the call, has to be true in all its parts (T1).
 * B3. A commit never carries a time before its view's, nor one at or after `validUntil` that the
 *     view did not show.
 * B4. What is tried is validated and applied in one step of the engine beneath, or not at all.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Decision, Engine, Reads, View, Work } from '../index.ts';
import { present } from '../../internal/assert.ts';
import { checkDecision, isHeld, joinReads } from '../verdict.ts';
import type { Dice } from './faults.ts';
import type { Past } from './past.ts';

/** Thrown through the engine beneath, so that it applies nothing; never seen outside. */
export class Stale extends Error {}

const idle: Decision = { kind: 'decision', revisions: 0, writes: [], scopes: [], log: undefined };

/** A work may be shown the past only so often: it has to get through in the end. */
const staleViewsMax = 2;

export class Attempt {
  readonly work: Work;
  readonly #engine: Engine;
  readonly #dice: Dice;
  readonly #past: Past;
  #reads: Reads;
  #staleViews = 0;
  #isPast = false;
  #isDecided = false;
  #decision: Decision = idle;
  /** What the last `decide` saw. */
  #seen: View | undefined;
  /** What the engine beneath showed when the decision was tried. */
  #tried: { readonly reads: Reads; readonly view: View } | undefined;

  constructor(work: Work, engine: Engine, dice: Dice, past: Past) {
    this.work = work;
    this.#reads = work.reads;
    this.#engine = engine;
    this.#dice = dice;
    this.#past = past;
  }

  /** Calls `decide` until it decides, and perhaps again. What it throws comes out. */
  async decide(): Promise<void> {
    while (!this.#isDecided) {
      const view = await this.#look();
      await this.#dice.maybePause();
      const verdict = this.work.decide(view);
      if (verdict.kind === 'need') {
        this.#reads = joinReads(this.#reads, verdict);
        continue;
      }
      checkDecision(verdict);
      this.#decision = verdict;
      this.#seen = view;
      this.#isDecided = !this.#dice.happens(Math.min(this.#dice.faults.repeatedDecide, 0.8));
    }
  }

  /** The decision as a work for the engine beneath, which throws `Stale` if it no longer holds. */
  trial(): Work {
    const { writes, scopes, holds } = this.#decision;
    const counted = [...scopes, ...(holds?.scopes ?? [])];
    const reads = {
      refs: [...this.#reads.refs, ...writes],
      scopes: [...this.#reads.scopes, ...counted.map(({ scope }) => scope)],
    };
    return {
      ledger: this.work.ledger,
      reads,
      decide: (view) => {
        if (!this.#holds(view)) {
          this.#isDecided = false;
          throw new Stale();
        }
        this.#tried = { reads, view };
        return this.#decision;
      },
    };
  }

  /** To be called once the trial was applied. */
  applied(): void {
    if (this.#tried === undefined) throw new HoldfastError('internal', 'applied without a trial');
    const { reads, view } = this.#tried;
    this.#past.record(this.work.ledger, reads, view, this.#decision);
  }

  /** What the reads show, now or some commits ago. */
  async #look(): Promise<View> {
    const { ledger } = this.work;
    const reads = this.#reads;
    let view: View | undefined;
    const look: Work = {
      ledger,
      reads,
      decide(seen) {
        view = seen;
        return idle;
      },
    };
    const stamp = { member: 'hostile', sequence: 1 };
    await this.#engine.transact([look], { stamp, durability: 'relaxed' });
    if (view === undefined) throw new HoldfastError('internal', 'transact without a decide');
    this.#isPast = this.#staleViews < staleViewsMax && this.#happensStale();
    return this.#isPast ? this.#past.before(ledger, reads, view, 1 + this.#dice.below(4)) : view;
  }

  #happensStale(): boolean {
    if (!this.#dice.happens(this.#dice.faults.staleReads)) return false;
    this.#staleViews += 1;
    return true;
  }

  #holds(now: View): boolean {
    const seen = this.#seen;
    if (seen === undefined || now.time < seen.time) return false;
    const { holds, validUntil = Infinity } = this.#decision;
    if (now.time > seen.time && now.time >= validUntil) return false;
    const stats = new Map(now.scopes.map((stat) => [stat.scope, stat]));
    if (this.#isPast && !areSameCounts(seen, now)) return false;
    return (
      seen.entries.every((entry, index) => entry?.version === now.entries[index]?.version) &&
      isHeld(holds, now.head, (scope) => present(stats.get(scope), 'a count that was read'))
    );
  }
}

function areSameCounts(seen: View, now: View): boolean {
  if (!isSameCount(seen.head, now.head)) return false;
  return seen.scopes.every((stat, index) => {
    const current = now.scopes[index] ?? stat;
    return stat.revision === current.revision && isSameCount(stat, current);
  });
}

interface Count {
  readonly entries: number;
  readonly bytes: number;
}

function isSameCount(a: Count, b: Count): boolean {
  return a.entries === b.entries && a.bytes === b.bytes;
}
