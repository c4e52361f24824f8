/**
 * What time it is by the ledger, for decisions that depend on it.
 *
 * A proposal is data and cannot ask for the time of its own commit. So a decision is made with a
 * time that the ledger told before it: the time of the machine that keeps the data, whatever the
 * clocks of its callers say. Ask once what is to be decided on is known, and check at the commit
 * that it still holds: then the time is of a moment at which it held.
 *
 * All who ask in one tick share one question.
 */
import type { Ledger } from '../../ledger/index.ts';

export class LedgerTime {
  readonly #ledger: Ledger;
  #asked: Promise<number> | undefined;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Milliseconds since the Unix epoch, of a moment after the call. */
  now(): Promise<number> {
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  async #ask(): Promise<number> {
    // Whoever asks once the question is out must not get an answer from before it asked.
    await Promise.resolve();
    this.#asked = undefined;
    return (await this.#ledger.head()).time;
  }
}
