/**
 * Reads that are asked for in the same tick become one read of the ledger.
 *
 * R1. Nothing is delayed beyond the current tick: the read goes out in its microtasks.
 * R2. A ref that the ledger refuses fails its own caller, not those who asked beside it.
 */
import { isHoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { Entry, Ledger, Ref } from '../../ledger/index.ts';

interface Waiting {
  readonly ref: Ref;
  answer(entry: Entry | undefined): void;
  fail(error: unknown): void;
}

export class CoalescedReads {
  readonly #ledger: Ledger;
  #waiting: Waiting[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** What `take` makes of the entry; if it throws, the read rejects. */
  read<T>(
    scope: string,
    key: string,
    take: (entry: Entry | undefined) => T | Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail: (error: unknown) => void = reject;
      function answer(entry: Entry | undefined): void {
        try {
          resolve(take(entry));
        } catch (error) {
          fail(error);
        }
      }
      this.#waiting.push({ ref: { scope, key }, answer, fail });
      if (this.#waiting.length === 1) queueMicrotask(this.#flush);
    });
  }

  /** Many at once, in order; as of one moment up to `limits.readRefs`. */
  async readAll(refs: readonly Ref[]): Promise<readonly (Entry | undefined)[]> {
    if (refs.length <= limits.readRefs) return this.#ledger.read(refs);
    const shares: Promise<readonly (Entry | undefined)[]>[] = [];
    for (let start = 0; start < refs.length; start += limits.readRefs) {
      shares.push(this.#ledger.read(refs.slice(start, start + limits.readRefs)));
    }
    return (await Promise.all(shares)).flat();
  }

  #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length <= limits.readRefs) {
      void this.#answer(waiting);
      return;
    }
    for (let start = 0; start < waiting.length; start += limits.readRefs) {
      void this.#answer(waiting.slice(start, start + limits.readRefs));
    }
  };

  async #answer(waiting: readonly Waiting[]): Promise<void> {
    let entries: readonly (Entry | undefined)[];
    try {
      entries = await this.#ledger.read(waiting.map(({ ref }) => ref));
    } catch (error) {
      if (waiting.length > 1 && isHoldfastError(error) && !error.retryable) {
        for (const one of waiting) void this.#answer([one]);
      } else {
        for (const one of waiting) one.fail(error);
      }
      return;
    }
    for (let index = 0; index < waiting.length; index += 1) waiting[index]?.answer(entries[index]);
  }
}
