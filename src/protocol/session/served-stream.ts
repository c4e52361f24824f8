/**
 * The sending end of a watch: pages of a ledger that go out as credit allows.
 *
 * U1. At most one page is held, and none without credit or while the connection is not ready for
 *     more: a slow reader costs nothing.
 */
import type { LogPage } from '../../ledger/index.ts';

/** Credit beyond this is not counted. */
export const creditMax = 1024;

export interface StreamSink {
  item(page: LogPage): void;
  /** Called once. */
  end(error?: unknown): void;
  /** Resolves when the connection can take more; undefined if it can now. */
  ready(): Promise<void> | undefined;
}

export class ServedStream {
  readonly #pages: AsyncIterator<LogPage>;
  readonly #abort: AbortController;
  readonly #sink: StreamSink;
  #credit = 0;
  #running = false;
  #ended = false;

  constructor(pages: AsyncIterable<LogPage>, abort: AbortController, sink: StreamSink) {
    this.#pages = pages[Symbol.asyncIterator]();
    this.#abort = abort;
    this.#sink = sink;
  }

  pull(count: number): void {
    this.#credit = Math.min(this.#credit + count, creditMax);
    if (!this.#running) void this.#run();
  }

  stop(): void {
    if (this.#ended) return;
    this.#finish();
    this.#release();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#credit > 0 && !this.#ended) {
        await this.#sink.ready();
        const next = await this.#pages.next();
        if (this.#ended) return;
        if (next.done === true) return this.#finish();
        this.#credit -= 1;
        this.#sink.item(next.value);
      }
    } catch (error) {
      this.#finish(error);
      this.#release();
    } finally {
      this.#running = false;
    }
  }

  #finish(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end(error);
  }

  #release(): void {
    this.#abort.abort();
    // Nobody is left to be told if the ledger fails to let go.
    void Promise.resolve(this.#pages.return?.()).catch(() => undefined);
  }
}
