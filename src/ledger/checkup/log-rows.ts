/** The rows of the log by themselves: their order, their readability, their bytes. */
import type { Head, LogRow } from '../../engine/index.ts';
import { splitBody } from '../log/decode.ts';
import type { Scene } from './scene.ts';

export class LogRows {
  readonly #scene: Scene;
  #last: number | undefined;
  #time = 0;
  #bytes = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Throws if the row cannot be read at all: then nothing behind it can be judged. */
  see(row: LogRow): void {
    const { first, last, time, body } = row;
    this.#bytes += Buffer.byteLength(body);
    if (first > last || (this.#last !== undefined && first <= this.#last)) {
      const message = `the log row of revisions ${first} to ${last} overlaps with ${this.#last ?? 0}`;
      this.#scene.problem('log_order', message, { revision: last });
    }
    if (time < this.#time) {
      const message = `the log row that ends at revision ${last} is older than the one before it`;
      this.#scene.problem('log_order', message, { revision: last });
    }
    this.#last = last;
    this.#time = time;
    splitBody(body);
  }

  /** Whether the bytes are those that the ledger counts; only if nothing was written meanwhile. */
  compare(before: Head, after: Head): void {
    const isStill = before.revision === after.revision && before.trimmed === after.trimmed;
    if (!isStill || this.#bytes === after.logBytes) return;
    const message = `the ledger counts ${after.logBytes} bytes of log; there are ${this.#bytes}`;
    this.#scene.problem('log_size', message);
  }
}
