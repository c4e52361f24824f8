/**
 * The rule of a limit: a pure function of what was taken, the time, and what is asked for.
 *
 * A1. Whoever comes with a time that is earlier than that of one who was served before is judged
 *     by a time at which both hold: never is more admitted because a time is early.
 * A2. A state that it cannot read counts as nothing taken.
 */

/** Its spans begin at `time`. */
export interface Verdict {
  /** When it was judged, by the ledger: milliseconds since the Unix epoch. */
  readonly time: number;
  readonly allowed: boolean;
  /** What could be taken at once after this. */
  readonly remaining: number;
  /** Milliseconds until as much as was asked for can be there; 0 if it was given. */
  readonly retryMs: number;
  /** Milliseconds until everything is there again, if nobody takes anything. */
  readonly resetMs: number;
}

export interface Taken {
  readonly verdict: Verdict;
  /** What to remember; of no meaning if nothing was given. */
  readonly state: unknown;
}

export interface RateLimit {
  /** The most that can ever be taken at once. */
  readonly most: number;
  /** What was written longer ago than this is as if it had never been. */
  readonly memoryMs: number;
  take(state: unknown, now: number, cost: number): Taken;
}

/** Undefined if it is no list of whole numbers, or not of `count` of them. */
export function amountsOf(state: unknown, count?: number): readonly number[] | undefined {
  if (!Array.isArray(state) || (count !== undefined && state.length !== count)) return undefined;
  const amounts: readonly unknown[] = state;
  const areWhole = amounts.every((amount) => Number.isSafeInteger(amount));
  return areWhole ? (amounts as readonly number[]) : undefined;
}
