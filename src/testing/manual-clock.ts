/**
 * A clock that stands still until a test moves it.
 *
 * K1. `now` changes only through `advance`, `pass` and `set`; `set` may turn wall time back.
 * K2. Timers run on monotonic time: `set` neither fires nor delays them.
 * K3. Timers fire in the order of their moments, and at one moment in the order they were started.
 *
 * `soon` is the event loop's turn, not a span of time, and needs no moving.
 *
 * A real server answers in real time. Where one is asked, `waitFor` keeps `pass` from running ahead
 * of it: leases would end and calls time out while their answers are on the way.
 */
import { clockWith, systemClock } from '../internal/clock.ts';
import type { Clock, Timer } from '../internal/clock.ts';

interface Waiting {
  readonly at: number;
  run(): void;
}

export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #waiting: Waiting[] = [];
  #answered: () => Promise<void> = () => Promise.resolve();

  /** Starts at `now`, in milliseconds since the Unix epoch. */
  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  /** How many timers and sleeps wait for the clock to move. */
  get pending(): number {
    return this.#waiting.length;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  after(delayMs: number, run: () => void): Timer {
    // Whole milliseconds, as the times that the clock tells.
    const waiting: Waiting = { at: this.#monotonic + Math.max(0, Math.ceil(delayMs)), run };
    const place = this.#waiting.findIndex(({ at }) => at > waiting.at);
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, waiting);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
      },
    };
  }

  soon(run: () => void): void {
    systemClock.soon(run);
  }

  endOfTurn(run: () => void): void {
    systemClock.endOfTurn(run);
  }

  /** Lets `pass` move the time only when `answered` has resolved. */
  waitFor(answered: () => Promise<void>): void {
    this.#answered = answered;
  }

  /** Lets `ms` pass at once. A timer that fires sees the time that it waited for. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    while (this.#fireNext(end));
    this.#move(end);
  }

  /** Like `advance`, but whoever wakes up goes on, and may wait again, before the next timer. */
  async pass(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await this.#turn();
    while (this.#fireNext(end)) await this.#turn();
    this.#move(end);
    await this.#turn();
  }

  /** Jumps to a wall time, forwards or back, as an administrator or NTP would. */
  set(now: number): void {
    this.#now = now;
  }

  #fireNext(end: number): boolean {
    const next = this.#waiting[0];
    if (next === undefined || next.at > end) return false;
    this.#waiting.shift();
    this.#move(next.at);
    next.run();
    return true;
  }

  #move(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  async #turn(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.soon(resolve);
    });
    await this.#answered();
  }
}

/** `clock`, but waits that only pace a retry take no time: nobody moves the clock for them. */
export function pressing(clock: Clock): Clock {
  return clockWith(clock, { sleep: () => new Promise((resolve) => clock.soon(resolve)) });
}
