/**
 * The time limits of all that waits, under one timer: calls come and go by the thousand, and a
 * timer for each would cost more than much else of the call.
 */
import type { HoldfastError } from '../../errors/index.ts';
import type { Clock, Timer } from '../../internal/clock.ts';

export interface Deadline {
  /** Of the monotonic clock. */
  readonly at: number;
  late(): void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Deadline>();
  #timer: Timer | undefined;
  #timerAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `late` once it is time, unless it is removed before. */
  add(deadline: Deadline): void {
    if (deadline.at === Infinity) return;
    this.#waiting.add(deadline);
    // A timer that is early finds nothing, and is set anew: removing costs nothing.
    if (deadline.at < this.#timerAt) this.#setTimer(deadline.at);
  }

  remove(deadline: Deadline): void {
    this.#waiting.delete(deadline);
  }

  /** `promise`, or the error of `late` once the time is up. */
  before<T>(at: number, promise: Promise<T>, late: () => HoldfastError): Promise<T> {
    if (at === Infinity) return promise;
    return new Promise<T>((resolve, reject) => {
      const deadline = { at, late: () => reject(late()) };
      this.add(deadline);
      promise
        .then(resolve, (error: unknown) => reject(error as Error))
        .finally(() => this.remove(deadline));
    });
  }

  #setTimer(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    const delayMs = Math.max(0, at - this.#clock.monotonic());
    this.#timer = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    const now = this.#clock.monotonic();
    let next = Infinity;
    for (const deadline of this.#waiting) {
      if (deadline.at > now) {
        next = Math.min(next, deadline.at);
        continue;
      }
      this.#waiting.delete(deadline);
      deadline.late();
    }
    if (next < this.#timerAt) this.#setTimer(next);
  }
}
