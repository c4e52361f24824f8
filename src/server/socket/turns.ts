/**
 * Who is served next: the connections of each principal take turns, and the principals among
 * themselves. So a token that sends much, on however many connections, delays nobody else by more
 * than a turn.
 *
 * F1. A turn is a few frames of one connection.
 * F2. After a while of turns the event loop goes round: timers, sockets and commits come in
 *     between. While several principals are about, it is a short while.
 */
import type { Clock } from '../../internal/clock.ts';
import { Company } from '../../internal/company.ts';

export interface Served {
  /** Whose turns it shares. */
  readonly owner: string;
  /** Handles at most `most` of what waits. Returns whether more waits. */
  serve(most: number): boolean;
}

const framesPerTurn = 16;
/** Long ones make larger groups of commits, short ones let those in who ask for little. */
const sliceMs = { alone: 4, shared: 1 } as const;

export class Turns {
  readonly #clock: Clock;
  readonly #company: Company;
  readonly #owners = new Map<string, Set<Served>>();
  #isPlanned = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#company = new Company(clock);
  }

  /** Something waits for `served`. */
  add(served: Served): void {
    let waiting = this.#owners.get(served.owner);
    if (waiting === undefined) {
      waiting = new Set();
      this.#owners.set(served.owner, waiting);
    }
    waiting.add(served);
    this.#company.meet(served.owner);
    this.#plan();
  }

  remove(served: Served): void {
    const waiting = this.#owners.get(served.owner);
    waiting?.delete(served);
    if (waiting?.size === 0) this.#owners.delete(served.owner);
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    // What came in the same turn of the event loop is looked at together.
    this.#clock.soon(() => {
      this.#isPlanned = false;
      this.#run();
    });
  }

  #run(): void {
    const lengthMs = this.#company.isThere ? sliceMs.shared : sliceMs.alone;
    const until = this.#clock.monotonic() + lengthMs;
    while (this.#owners.size > 0) {
      for (const [owner, waiting] of this.#owners) {
        // Maps and sets keep the order of insertion: whoever is served goes to the end.
        this.#owners.delete(owner);
        this.#owners.set(owner, waiting);
        for (const first of waiting) {
          waiting.delete(first);
          if (first.serve(framesPerTurn)) waiting.add(first);
          break;
        }
        if (waiting.size === 0) this.#owners.delete(owner);
        if (this.#clock.monotonic() < until) continue;
        if (this.#owners.size > 0) this.#plan();
        return;
      }
    }
  }
}
