/** Waiting between attempts at a ledger that does not answer, longer each time. */
import { isHoldfastError } from '../errors/index.ts';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

const firstMs = 20;
const longestMs = 5000;

export class Patience {
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  begin(): Wait {
    return new Wait(this.#clock, this.#random);
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return pauseFor(this.#clock, delayMs, signal);
  }

  /**
   * Asks until there is an answer, or an error that asking again does not cure. Undefined if the
   * signal aborted first.
   */
  async until<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const wait = this.begin();
    while (!signal.aborted) {
      try {
        const answer = await ask();
        return signal.aborted ? undefined : answer;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!isHoldfastError(error) || !error.retryable) throw error;
        await wait.pause(signal);
      }
    }
    return undefined;
  }
}

export class Wait {
  readonly #clock: Clock;
  readonly #random: Random;
  #nextMs = firstMs;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The ledger has answered: the next pause is short again. */
  reset(): void {
    this.#nextMs = firstMs;
  }

  /** Resolves after the pause, or when the signal aborts. */
  pause(signal: AbortSignal): Promise<void> {
    const delayMs = Math.ceil(this.#nextMs * (0.5 + this.#random.float() / 2));
    this.#nextMs = Math.min(longestMs, this.#nextMs * 2);
    return pauseFor(this.#clock, delayMs, signal);
  }
}

function pauseFor(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
