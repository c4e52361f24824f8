/**
 * The way to a server: a connection when there is one, the next when it is lost.
 *
 * K1. Connections are made when somebody needs one, one attempt at a time, shared by all who wait.
 * K2. Attempts that fail are followed by pauses that grow, with chance in them, so that many
 *     clients do not come back in one moment.
 * K3. What will not change by trying again (a refused token, another protocol) is told at once.
 */
import { HoldfastError, isHoldfastError } from '../errors/index.ts';
import { idSource } from '../protocol/index.ts';
import { Connection } from './connection.ts';
import { Deadlines } from './calls/deadlines.ts';
import type { ClientTerms } from './options.ts';

const firstPauseMs = 50;
/** A connection that lasted so long was a good one. */
const steadyMs = 5000;
const instanceBytes = 16;

export class Link {
  readonly terms: ClientTerms;
  readonly nextId = idSource();
  readonly deadlines: Deadlines;
  readonly instance: string;
  readonly extensions = new Set<string>();
  #connection: Connection | undefined;
  #attempt: Promise<Connection> | undefined;
  #connections = 0;
  #failures = 0;
  /** Why there is no connection. */
  #lastError: unknown;
  #isClosed = false;

  constructor(terms: ClientTerms) {
    this.terms = terms;
    this.deadlines = new Deadlines(terms.clock);
    this.instance = terms.random.hex(instanceBytes);
    if (terms.signal?.aborted === true) this.close();
    else terms.signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  /** The connection, if there is one now. */
  get current(): Connection | undefined {
    return this.#connection;
  }

  /**
   * Waits for a connection until `deadline` of the monotonic clock. Throws `unavailable`, which
   * says that nothing was sent, or what the server refuses the client with.
   */
  async connection(deadline: number): Promise<Connection> {
    for (;;) {
      if (this.#isClosed) throw new HoldfastError('closed', 'the store was closed');
      if (this.#connection !== undefined) return this.#connection;
      this.#attempt ??= this.#connect();
      try {
        return await this.deadlines.before(deadline, this.#attempt, () => this.#offline());
      } catch (error) {
        const isPassing = isHoldfastError(error) && error.retryable;
        if (!isPassing) throw error;
        if (this.terms.clock.monotonic() >= deadline) throw this.#offline();
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }

  async #connect(): Promise<Connection> {
    const { clock, onConnection } = this.terms;
    try {
      if (this.#failures > 1) await clock.sleep(this.#pauseMs());
      if (this.#isClosed) throw new HoldfastError('closed', 'the store was closed');
      this.#connections += 1;
      const connection = await Connection.open({
        terms: this.terms,
        instance: this.instance,
        number: this.#connections,
        nextId: this.nextId,
        extensions: [...this.extensions],
      });
      if (this.#isClosed) connection.close();
      this.#connection = connection;
      const since = clock.monotonic();
      void connection.ended.then((cause) => this.#lost(connection, since, cause));
      onConnection({ kind: 'connected', server: connection.welcome.agent });
      return connection;
    } catch (error) {
      this.#failures += 1;
      this.#lastError = error;
      onConnection({ kind: 'offline', error });
      throw error;
    } finally {
      this.#attempt = undefined;
    }
  }

  #lost(connection: Connection, since: number, cause: unknown): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    if (this.#isClosed) return;
    const { url, clock, onConnection } = this.terms;
    // One that breaks again and again must not be made again without a pause.
    this.#failures = clock.monotonic() - since < steadyMs ? this.#failures + 1 : 0;
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    const message = `the connection to ${url} is lost${why}`;
    onConnection({ kind: 'offline', error: new HoldfastError('unavailable', message, { cause }) });
  }

  #pauseMs(): number {
    const { backoffMs, random } = this.terms;
    const most = Math.min(backoffMs, firstPauseMs * 2 ** Math.min(this.#failures - 2, 20));
    return most * (0.5 + random.float() / 2);
  }

  #offline(): HoldfastError {
    const { url } = this.terms;
    const cause = this.#lastError;
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    const message = `offline: there is no connection to ${url}${why}; nothing was sent`;
    return new HoldfastError('unavailable', message, { cause, details: { url } });
  }
}
