/**
 * The serving end of one connection: requests in, answers out, on ledgers that it is given.
 *
 * S1. Requests start in the order of arrival and are answered as they finish.
 * S2. A stream holds at most one page, and none without credit: a slow reader costs nothing.
 * S3. What fails in one request is answered to it alone; only bytes that are no message at all
 *     throw.
 *
 * Not here: sockets, who may do what (`ledger` decides, by throwing), how many requests may be
 * open.
 */
import { HoldfastError } from '../errors/index.ts';
import type { Ledger, LogPage } from '../ledger/index.ts';
import { encodeAnswer } from './answer.ts';
import type { Answer, ResultAnswer } from './answer.ts';
import { callShape } from './calls.ts';
import type { Method } from './calls.ts';
import { asHoldfastError } from './error-shape.ts';
import { decodeRequest } from './request.ts';
import type { CallRequest, Request, WatchRequest } from './request.ts';

export interface ServingSessionOptions {
  /**
   * The ledger of an app for this connection. May throw: the request is then answered with that.
   */
  ledger(app: string, request: Request): Ledger;
  /** Must not throw. */
  send(frame: Uint8Array): void;
}

/** Credit beyond this is not counted. */
export const creditMax = 1024;

export class ServingSession {
  readonly #options: ServingSessionOptions;
  readonly #calls = new Set<number>();
  readonly #streams = new Map<number, ServedStream>();
  #closed = false;

  constructor(options: ServingSessionOptions) {
    this.#options = options;
  }

  /** Calls and streams that are not answered to their end. */
  get open(): number {
    return this.#calls.size + this.#streams.size;
  }

  /** Throws `protocol` for bytes that are no message: the connection should then be ended. */
  receive(bytes: Uint8Array): void {
    const request = decodeRequest(bytes);
    const { id } = request;
    switch (request.kind) {
      case 'refused':
        return this.#send({ kind: 'error', id, error: request.error });
      case 'call':
        return this.#isFree(id) ? void this.#call(request) : undefined;
      case 'watch':
        return this.#isFree(id) ? this.#watch(request) : undefined;
      // A stream may have ended while these were under way.
      case 'pull':
        return this.#streams.get(id)?.pull(request.count);
      case 'stop':
        return this.#streams.get(id)?.stop();
    }
  }

  /** Stops all streams and answers nothing more. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.stop();
  }

  #isFree(id: number): boolean {
    if (!this.#calls.has(id) && !this.#streams.has(id)) return true;
    throw new HoldfastError('protocol', `request ${id} is still open`, { details: { id } });
  }

  async #call(request: CallRequest): Promise<void> {
    const { id, app, method, args } = request;
    this.#calls.add(id);
    let answer: Answer;
    try {
      const shape = callShape<Method>(method);
      const result = await shape.run(this.#options.ledger(app, request), args);
      answer = { kind: 'result', id, method, result } as ResultAnswer;
    } catch (error) {
      answer = { kind: 'error', id, error: asHoldfastError(error) };
    }
    this.#calls.delete(id);
    this.#send(answer);
  }

  #watch(request: WatchRequest): void {
    const { id, app, options } = request;
    const abort = new AbortController();
    let pages: AsyncIterable<LogPage>;
    try {
      pages = this.#options.ledger(app, request).watch({ ...options, signal: abort.signal });
    } catch (error) {
      this.#send({ kind: 'error', id, error: asHoldfastError(error) });
      return;
    }
    const stream = new ServedStream(pages, abort, {
      item: (page) => {
        // Not through #send: a page that fits no frame must end its stream.
        const frame = encodeAnswer({ kind: 'item', id, page });
        if (!this.#closed) this.#options.send(frame);
      },
      end: (error) => {
        this.#streams.delete(id);
        if (error === undefined) this.#send({ kind: 'end', id });
        else this.#send({ kind: 'error', id, error: asHoldfastError(error) });
      },
    });
    this.#streams.set(id, stream);
  }

  #send(answer: Answer): void {
    if (!this.#closed) this.#options.send(framed(answer));
  }
}

/** An answer that does not fit into a frame is answered with that. */
function framed(answer: Answer): Uint8Array {
  try {
    return encodeAnswer(answer);
  } catch (error) {
    return encodeAnswer({ kind: 'error', id: answer.id, error: asHoldfastError(error) });
  }
}

interface StreamSink {
  item(page: LogPage): void;
  /** Called once. */
  end(error?: unknown): void;
}

class ServedStream {
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
    this.#abort.abort();
    // Nobody is left to be told if the ledger fails to let go.
    void Promise.resolve(this.#pages.return?.()).catch(() => undefined);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#credit > 0 && !this.#ended) {
        const next = await this.#pages.next();
        if (this.#ended) return;
        if (next.done === true) return this.#finish();
        this.#credit -= 1;
        this.#sink.item(next.value);
      }
    } catch (error) {
      this.#finish(error);
    } finally {
      this.#running = false;
    }
  }

  #finish(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end(error);
  }
}
