/**
 * Point reads of one ledger that wait together go out as one script.
 *
 * Each begins after it was asked for, so all of them are as new as they must be (E2).
 */
import type { Ref } from '../entry.ts';
import type { ReadResult } from '../engine.ts';

/** Entries of one script; a single larger read still goes. */
const refsMax = 2000;

interface Waiting {
  readonly refs: readonly Ref[];
  resolve(result: ReadResult): void;
  reject(error: unknown): void;
}

export class GatheredReads {
  readonly #read: (refs: readonly Ref[]) => Promise<ReadResult>;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(read: (refs: readonly Ref[]) => Promise<ReadResult>) {
    this.#read = read;
  }

  get isIdle(): boolean {
    return !this.#isRunning;
  }

  read(refs: readonly Ref[]): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ refs, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // Whoever asks in the same stretch comes along.
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const { head, time, entries } = await this.#read(batch.flatMap(({ refs }) => refs));
        let start = 0;
        for (const { refs, resolve } of batch) {
          resolve({ head, time, entries: entries.slice(start, start + refs.length) });
          start += refs.length;
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isRunning = false;
  }

  #take(): Waiting[] {
    let [count, refs] = [0, 0];
    for (const one of this.#waiting) {
      if (count > 0 && refs + one.refs.length > refsMax) break;
      count += 1;
      refs += one.refs.length;
    }
    return this.#waiting.splice(0, count);
  }
}
