/**
 * Lets those who lost a race for the same entry try again one after the other.
 *
 * Without it a hundred transactions on one key read together, commit together, and ninety-nine
 * lose, again and again. It is a courtesy within one process, never a lock: whoever waits longer
 * than `waitMaxMs` goes ahead, so a slow or nested transaction can hold nobody up for good, and the
 * ledger's checks alone decide.
 */
import type { Clock } from '../../../internal/clock.ts';

const waitMaxMs = 1000;

export interface Turn {
  readonly address: string;
  release(): void;
}

export class Turnstile {
  readonly #clock: Clock;
  readonly #last = new Map<string, Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when those who came before have released their turn, or have taken too long. */
  async enter(address: string): Promise<Turn> {
    const before = this.#last.get(address);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.#last.set(address, released);
    void released.then(() => {
      if (this.#last.get(address) === released) this.#last.delete(address);
    });
    if (before !== undefined) await this.#within(before);
    return { address, release };
  }

  #within(before: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(waitMaxMs, resolve);
      void before.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
