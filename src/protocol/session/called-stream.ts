/**
 * The reading end of a watch: pages that were pulled, in order, until the stream ends.
 *
 * P1. It asks for `window` pages ahead of its reader and holds no more than that.
 * P2. It ends once: by the server, by its signal, by its reader's `return`, or with the connection.
 *     What had arrived before a server's end is still handed out; after `stop` nothing is.
 */
import type { HoldfastError } from '../../errors/index.ts';
import { deferred } from '../../internal/deferred.ts';
import type { Deferred } from '../../internal/deferred.ts';
import type { LogPage } from '../../ledger/index.ts';

export interface StreamControl {
  pull(count: number): void;
  stop(): void;
}

type Next = IteratorResult<LogPage, undefined>;
const done: Next = { done: true, value: undefined };

export class CalledStream implements AsyncIterableIterator<LogPage, undefined> {
  readonly #control: StreamControl;
  readonly #window: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#stop();
  readonly #arrived: LogPage[] = [];
  readonly #waiting: Deferred<Next>[] = [];
  #asked = 0;
  #ended = false;
  #error: HoldfastError | undefined;

  constructor(control: StreamControl, window: number, signal: AbortSignal | undefined) {
    this.#control = control;
    this.#window = window;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Next> {
    const page = this.#arrived.shift();
    if (page !== undefined) {
      this.#topUp();
      return Promise.resolve({ done: false, value: page });
    }
    const error = this.#error;
    if (error !== undefined) {
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve(done);
    const waiting = deferred<Next>();
    this.#waiting.push(waiting);
    this.#topUp();
    return waiting.promise;
  }

  return(): Promise<Next> {
    this.#stop();
    return Promise.resolve(done);
  }

  /** Of the session: a page has come. */
  arrive(page: LogPage): void {
    if (this.#ended) return;
    this.#asked -= 1;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#arrived.push(page);
    else waiting.resolve({ done: false, value: page });
  }

  /** Of the session: nothing more comes, because of `error` if there is one. */
  end(error?: HoldfastError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    const first = error === undefined ? undefined : this.#waiting.shift();
    if (first === undefined) this.#error = error;
    else first.reject(error);
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(done);
  }

  #stop(): void {
    const wasOpen = !this.#ended;
    this.end();
    this.#arrived.length = 0;
    this.#error = undefined;
    if (wasOpen) this.#control.stop();
  }

  #topUp(): void {
    if (this.#ended) return;
    // The reader's own page, and `window - 1` more while it is busy with that one.
    const missing = this.#waiting.length + this.#window - 1 - this.#asked - this.#arrived.length;
    if (missing <= 0) return;
    this.#asked += missing;
    this.#control.pull(missing);
  }
}
