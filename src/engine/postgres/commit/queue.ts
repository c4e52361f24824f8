/**
 * Calls that wait for a connection leave together.
 *
 * Q1. A call that meets no other leaves at once and alone.
 * Q2. While others are under way, calls gather. Those that wait when a connection is free share it,
 *     in equal parts with the other free ones, each part one transaction over several ledgers.
 * Q3. A call whose ledger was held by somebody else is tried again with others, and then alone,
 *     where it waits for its turn. A large call goes alone: the others would wait for it.
 */
import type { Clock } from '../../../internal/clock.ts';
import type { Call, Result } from './call.ts';
import type { Fate } from './joint.ts';

export interface QueueOptions {
  readonly clock: Pick<Clock, 'soon'>;
  /** Connections. */
  readonly atOnce: number;
  alone(call: Call): Promise<Result>;
  together(calls: readonly Call[]): Promise<readonly Fate[]>;
}

interface Waiting {
  readonly call: Call;
  misses: number;
  isAlone: boolean;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Calls that share a transaction: as few as this are not spread further, and at most so many. */
const callsMin = 16;
const callsMax = 256;
/** Entries of a call that may share one. */
const refsMax = 64;
/** How often a call may find its ledger held before it waits for it. */
const missesMax = 3;

export class Queue {
  readonly #options: QueueOptions;
  #waiting: Waiting[] = [];
  #running = 0;
  #isDue = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  submit(call: Call): Promise<Result> {
    return new Promise((resolve, reject) => {
      const isAlone = call.reads.refs.length > refsMax;
      const waiting: Waiting = { call, misses: 0, isAlone, resolve, reject };
      if (this.#running === 0) {
        void this.#depart([waiting]);
        return;
      }
      this.#waiting.push(waiting);
      this.#wake();
    });
  }

  /** Whoever asks in the same turn of the event loop comes along. */
  #wake(): void {
    if (this.#isDue || this.#waiting.length === 0 || this.#running >= this.#options.atOnce) return;
    this.#isDue = true;
    this.#options.clock.soon(() => {
      this.#isDue = false;
      while (this.#waiting.length > 0 && this.#running < this.#options.atOnce) {
        void this.#depart(this.#take());
      }
    });
  }

  #take(): Waiting[] {
    const free = this.#options.atOnce - this.#running;
    const share = Math.ceil(this.#waiting.length / free);
    const most = Math.min(callsMax, Math.max(callsMin, share));
    const [taken, left]: [Waiting[], Waiting[]] = [[], []];
    const ledgers = new Set<string>();
    for (const one of this.#waiting) {
      const { ledger } = one.call.work;
      const isFit = taken.length === 0 || (!one.isAlone && !ledgers.has(ledger));
      if (isFit && taken.length < most && taken[0]?.isAlone !== true) {
        taken.push(one);
        ledgers.add(ledger);
      } else left.push(one);
    }
    this.#waiting = left;
    return taken;
  }

  async #depart(taken: readonly Waiting[]): Promise<void> {
    this.#running += 1;
    const [first] = taken;
    if (first !== undefined && taken.length === 1) {
      await this.#options.alone(first.call).then(first.resolve, first.reject);
    } else await this.#share(taken);
    this.#running -= 1;
    this.#wake();
  }

  async #share(taken: readonly Waiting[]): Promise<void> {
    const fates = await this.#options.together(taken.map(({ call }) => call));
    for (const [index, one] of taken.entries()) {
      const fate = fates[index] ?? { kind: 'alone' };
      if (fate.kind === 'done') one.resolve(fate.result);
      else if (fate.kind === 'failed') one.reject(fate.error);
      else {
        one.misses += 1;
        one.isAlone ||= fate.kind === 'alone' || one.misses >= missesMax;
        this.#waiting.push(one);
      }
    }
  }
}
