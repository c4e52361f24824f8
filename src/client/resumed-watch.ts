/**
 * A watch that outlives its connections: where one is lost, the next goes on behind the last page
 * that was read.
 *
 * W1. No page twice, none left out: the position moves with what the reader took, not with what
 *     arrived.
 * W2. It waits for a connection as long as its reader does; `signal` or `return` ends it at once.
 *     What will not pass (a token that was revoked) ends it with its error.
 */
import { isHoldfastError } from '../errors/index.ts';
import type { LogPage, Position, WatchOptions } from '../ledger/index.ts';
import type { CallingSession } from '../protocol/index.ts';
import type { Link } from './link.ts';

type Next = IteratorResult<LogPage, undefined>;
const done: Next = { done: true, value: undefined };

export class ResumedWatch implements AsyncIterableIterator<LogPage, undefined> {
  readonly #link: Link;
  readonly #app: string;
  readonly #options: WatchOptions;
  readonly #abort = new AbortController();
  readonly #stopped: Promise<void>;
  #after: Position | Promise<Position>;
  #session: CallingSession | undefined;
  #stream: AsyncIterator<LogPage> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(link: Link, app: string, options: WatchOptions, after: Position | Promise<Position>) {
    this.#link = link;
    this.#app = app;
    const { signal, ...filter } = options;
    this.#options = { ...filter };
    // What is no position is refused where it is written down.
    const isPosition = typeof after === 'object' && after !== null && !(after instanceof Promise);
    this.#after = isPosition ? { ...after } : after;
    // Whoever never asks for a page must not see this as an unhandled rejection.
    if (after instanceof Promise) after.catch(() => undefined);
    const own = this.#abort.signal;
    this.#stopped = new Promise((resolve) => {
      own.addEventListener('abort', () => resolve(), { once: true });
    });
    if (signal?.aborted === true) this.#abort.abort();
    const onAbort = (): void => this.#abort.abort();
    signal?.addEventListener('abort', onAbort, { once: true, signal: own });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Next> {
    const turn = this.#turn.then(() => this.#advance());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  return(): Promise<Next> {
    this.#abort.abort();
    return Promise.resolve(done);
  }

  async #advance(): Promise<Next> {
    while (!this.#abort.signal.aborted) {
      try {
        this.#stream ??= await this.#open();
        if (this.#stream === undefined) return done;
        const step = await this.#stream.next();
        if (step.done === true) return this.#over();
        if (step.value.kind === 'commits') this.#after = step.value.through;
        return step;
      } catch (error) {
        const isLost = this.#session?.isLost === true && isHoldfastError(error, 'unavailable');
        if (!isLost) {
          this.#abort.abort();
          throw error;
        }
        this.#stream = undefined;
      }
    }
    return done;
  }

  /** Undefined if the watch was stopped meanwhile. */
  async #open(): Promise<AsyncIterator<LogPage> | undefined> {
    const opened = (async () => {
      const after = await this.#after;
      const connection = await this.#link.connection(Infinity);
      return { after, connection };
    })();
    opened.catch(() => undefined);
    const found = await Promise.race([opened, this.#stopped]);
    if (found === undefined) return undefined;
    const { after, connection } = found;
    this.#session = connection.session;
    const options = { ...this.#options, after, signal: this.#abort.signal };
    return connection.session.watch(this.#app, options)[Symbol.asyncIterator]();
  }

  #over(): Next {
    this.#abort.abort();
    return done;
  }
}
