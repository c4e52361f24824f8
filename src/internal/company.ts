/** Whether somebody else has been about of late: then whoever asks for much has short turns. */
import type { Clock } from './clock.ts';

/** How long somebody counts as present after the last request. */
const presentMs = 250;

export class Company {
  readonly #clock: Clock;
  #last: unknown;
  #until = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Notes who asks, and whether others ask at the same moment. Who is undefined is another than
   * whoever was met before, and is not remembered.
   */
  meet(who: unknown, withOthers = false): void {
    if (who === this.#last && !withOthers) return;
    if (withOthers || this.#last !== undefined) this.#until = this.#clock.monotonic() + presentMs;
    if (who !== undefined) this.#last = who;
  }

  /** Whether several were met of late. Who asks for little is seldom there when one looks. */
  get isThere(): boolean {
    return this.#clock.monotonic() < this.#until;
  }
}
