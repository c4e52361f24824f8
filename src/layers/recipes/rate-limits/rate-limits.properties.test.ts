/** Whatever is asked for and whenever: what a rule promises of every span of time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FixedWindow } from './fixed-window.ts';
import type { RateLimit } from './rate-limit.ts';
import { SlidingWindow } from './sliding-window.ts';
import { TokenBucket } from './token-bucket.ts';

interface Admitted {
  readonly time: number;
  readonly cost: number;
}

const asks = fc.array(
  fc.record({
    passedMs: fc.integer({ min: 0, max: 60 }),
    earlyMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 })),
    cost: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 1, maxLength: 80 },
);

interface Ask {
  readonly passedMs: number;
  /** How much earlier than the last one this one asked the time. */
  readonly earlyMs: number;
  readonly cost: number;
}

function admittedBy(limit: RateLimit, given: readonly Ask[]): Admitted[] {
  const admitted: Admitted[] = [];
  let state: unknown;
  let clock = 1_700_000_000_000;
  for (const { passedMs, earlyMs, cost } of given) {
    clock += passedMs;
    const taken = limit.take(state, clock - earlyMs, cost);
    const { time, allowed, remaining, retryMs, resetMs } = taken.verdict;
    expect(remaining).toBeGreaterThanOrEqual(0);
    expect(allowed ? retryMs === 0 : retryMs > 0).toBe(true);
    expect(resetMs).toBeLessThanOrEqual(limit.memoryMs);
    if (!allowed) {
      // What it says of the future holds, and not a millisecond less would do.
      expect(limit.take(state, time + retryMs, cost).verdict.allowed).toBe(true);
      expect(limit.take(state, time + retryMs - 1, cost).verdict.allowed).toBe(false);
      continue;
    }
    expect(limit.take(taken.state, time, remaining + 1).verdict.allowed).toBe(false);
    state = taken.state;
    admitted.push({ time, cost });
  }
  return admitted;
}

/** The most that was admitted in any span that begins with an admission. */
function mostIn(admitted: readonly Admitted[], spanMs: number): number {
  const sums = admitted.map(({ time: from }) =>
    admitted
      .filter(({ time }) => time >= from && time < from + spanMs)
      .reduce((sum, { cost }) => sum + cost, 0),
  );
  return Math.max(0, ...sums);
}

const amounts = fc.record({
  limit: fc.integer({ min: 4, max: 12 }),
  spanMs: fc.integer({ min: 1, max: 300 }),
});

describe('rate limits', () => {
  test('a sliding window admits no more than its limit in any span of its length', () => {
    const slots = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(amounts, slots, asks, ({ limit, spanMs }, slotCount, given) => {
        const admitted = admittedBy(new SlidingWindow(limit, spanMs, slotCount), given);
        expect(mostIn(admitted, spanMs)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  test('a fixed window admits at most twice its limit in any such span', () => {
    fc.assert(
      fc.property(amounts, asks, ({ limit, spanMs }, given) => {
        const admitted = admittedBy(new FixedWindow(limit, spanMs), given);
        expect(mostIn(admitted, spanMs)).toBeLessThanOrEqual(2 * limit);
      }),
    );
  });

  test('a bucket admits its capacity and what came back meanwhile', () => {
    fc.assert(
      fc.property(amounts, asks, ({ limit, spanMs }, given) => {
        const refillMs = Math.max(1, Math.floor(spanMs / limit));
        const admitted = admittedBy(new TokenBucket(limit, refillMs), given);
        for (const factor of [1, 2, 5]) {
          const span = refillMs * limit * factor;
          expect(mostIn(admitted, span)).toBeLessThanOrEqual(limit + Math.ceil(span / refillMs));
        }
      }),
    );
  });

  test('a time that is early never admits more than the right one', () => {
    const limits: readonly RateLimit[] = [
      new FixedWindow(5, 100),
      new SlidingWindow(5, 100, 10),
      new TokenBucket(5, 20),
    ];
    const early = fc.integer({ min: 0, max: 90 });
    fc.assert(
      fc.property(fc.constantFrom(...limits), asks, early, (limit, given, earlyMs) => {
        let state: unknown;
        let time = 1_700_000_000_000;
        for (const { passedMs, cost } of given) {
          time += passedMs;
          const right = limit.take(state, time, cost);
          const early = limit.take(state, time - earlyMs, cost);
          if (state !== undefined && early.verdict.allowed)
            expect(right.verdict.allowed).toBe(true);
          if (right.verdict.allowed) state = right.state;
        }
      }),
    );
  });
});
