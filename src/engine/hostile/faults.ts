/**
 * Which faults a hostile engine shows, how often, and the dice that decide it.
 *
 * All chance comes from one `Random`: a failing run is repeated by its seed.
 */
import { clockWith } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Random } from '../../internal/random.ts';

/** Probabilities from 0 (never) to 1, but for the skew. */
export interface HostileFaults {
  /** `decide` is first shown a moment some commits ago. */
  readonly staleReads: number;
  /** `decide` is called again although nothing is wrong with its answer. */
  readonly repeatedDecide: number;
  /** The answer is `unknown`: applied, not applied, or applied later unless `resolve` is first. */
  readonly unknownOutcome: number;
  /** A call throws `unavailable` before it had any effect. */
  readonly errorBefore: number;
  /** The answer is lost after everything was applied. */
  readonly errorAfter: number;
  /** A call waits between its steps, for turns of the event loop, so that others come between. */
  readonly delay: number;
  readonly lostHints: number;
  readonly doubledHints: number;
  /** Each look at the clock is wrong by up to this much, in either direction. */
  readonly clockSkewMs: number;
}

export const noFaults: HostileFaults = {
  staleReads: 0,
  repeatedDecide: 0,
  unknownOutcome: 0,
  errorBefore: 0,
  errorAfter: 0,
  delay: 0,
  lostHints: 0,
  doubledHints: 0,
  clockSkewMs: 0,
};

const pauseTurnsMax = 4;

export class Dice {
  readonly faults: HostileFaults;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(faults: HostileFaults, random: Random, clock: Clock) {
    this.faults = faults;
    this.#random = random;
    this.#clock = clock;
  }

  happens(probability: number): boolean {
    return probability > 0 && this.#random.float() < probability;
  }

  /** An integer from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.#random.float() * count);
  }

  async maybePause(): Promise<void> {
    if (this.happens(this.faults.delay)) await this.pause();
  }

  async pause(): Promise<void> {
    for (let turns = 1 + this.below(pauseTurnsMax); turns > 0; turns -= 1) {
      await new Promise<void>((resolve) => this.#clock.soon(resolve));
    }
  }
}

/** A clock whose wall time is wrong by up to `skewMs`, anew at each look. */
export function skewedClock(clock: Clock, random: Random, skewMs: number): Clock {
  if (skewMs === 0) return clock;
  return clockWith(clock, {
    now: () => clock.now() + Math.round((random.float() * 2 - 1) * skewMs),
  });
}
