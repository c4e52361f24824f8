/**
 * A token bucket: so much per second in the long run, one second's worth at once.
 *
 * What is taken beyond that is a debt that later takers wait for.
 */
export class Bucket {
  readonly #perSecond: number;
  #left: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#at = now;
  }

  /** Takes `amount`. Returns for how many milliseconds nothing more should be taken. */
  take(amount: number, now: number): number {
    if (this.#perSecond === Infinity) return 0;
    const gained = ((now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#perSecond, this.#left + Math.max(0, gained)) - amount;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / this.#perSecond) * 1000);
  }
}
