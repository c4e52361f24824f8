/** A call of `transact` that is under way, and what comes of it. */
import type { Durability, Outcome, Reads, Stamp, Work } from '../../transaction.ts';

export interface Call {
  readonly work: Work;
  readonly stamp: Stamp;
  readonly durability: Durability;
  /** What the work has asked for so far, which is read at once in the next attempt. */
  reads: Reads;
}

export interface Result {
  readonly answer: Outcome;
  readonly revisions: number;
  /** The revision that the head has if the answer is `applied`. */
  readonly head: number;
}

/** What a work threw, which is nobody's failure but its own. */
export class WorkFailure extends Error {
  constructor(cause: unknown) {
    super('a decide threw', { cause });
  }
}
