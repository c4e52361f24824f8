/**
 * The rule of a limit: a pure function of what was taken, the time, and what is asked for.
 *
 * A1. A time that is too early never admits more: what was taken is taken for longer.
 * A2. What a rule does not recognise, because another rule wrote it, counts as nothing taken.
 */

export interface Verdict {
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

export function isAmounts(state: unknown, count: number): state is readonly number[] {
  return (
    Array.isArray(state) &&
    state.length === count &&
    state.every((one) => Number.isSafeInteger(one))
  );
}
