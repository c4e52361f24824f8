/**
 * At most so many at once. Who comes later waits in the line of their own, and the lines take
 * turns: a thousand calls of one app delay another's by no more than one.
 */
import { deferred } from '../../internal/deferred.ts';
import type { Deferred } from '../../internal/deferred.ts';

export class Slots {
  readonly #lines = new Map<string, Deferred<void>[]>();
  #taken = 0;

  /** Undefined if there was a slot; else resolves with one. */
  take(most: number, line: string): Promise<void> | undefined {
    if (this.#taken < most && this.#lines.size === 0) {
      this.#taken += 1;
      return undefined;
    }
    const turn = deferred<void>();
    const waiting = this.#lines.get(line);
    if (waiting === undefined) this.#lines.set(line, [turn]);
    else waiting.push(turn);
    return turn.promise;
  }

  give(): void {
    for (const [line, waiting] of this.#lines) {
      // A map keeps the order of insertion: the line that was served goes to the end.
      this.#lines.delete(line);
      const next = waiting.shift();
      if (waiting.length > 0) this.#lines.set(line, waiting);
      next?.resolve();
      return;
    }
    this.#taken -= 1;
  }
}
