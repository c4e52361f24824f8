/**
 * One connection. Statements are pipelined: each is sent when it is asked for, and answered in
 * order.
 *
 * S1. Every statement is answered within `timeoutMs`, or the connection is cut and all that waits
 *     on it fails: what a paused server owes is not waited for.
 * S2. Anything but a refusal of the server is a `LostConnection`, and `isBroken` for good.
 *
 * Waiting for a network is done in real time, whatever clock the store is opened with.
 */
import { Socket } from 'node:net';
import type { Client, QueryArrayResult } from 'pg';
import { systemClock } from '../../../internal/clock.ts';
import { HoldfastError } from '../../../errors/index.ts';
import { isRefusal, isStartRefusal, LostConnection } from './failure.ts';
import type { NewClient } from './driver.ts';
import type { Settings } from './settings.ts';
import type { Statement } from './statement.ts';

export type Row = readonly unknown[];

export interface Answer {
  readonly rows: readonly Row[];
  /** The tag of the command: `COMMIT` that could only roll back says `ROLLBACK`. */
  readonly command: string;
}

export interface SessionParts {
  readonly settings: Settings;
  /** Makes a client that is not connected yet. */
  readonly newClient: NewClient;
}

export class Session {
  readonly #client: Client;
  readonly #parts: SessionParts;
  #isDirect = false;
  #isStandby = false;
  #cause: unknown;
  #onBroken: (() => void) | undefined;

  private constructor(client: Client, parts: SessionParts) {
    this.#client = client;
    this.#parts = parts;
    client.on('error', (error) => this.#break(error));
    client.on('end', () => this.#break(new Error('the connection was closed')));
  }

  /**
   * A pooler between us and the server may refuse settings to start with, or ignore them; then the
   * process behind a connection is another than the one that we were told of.
   */
  static async connect(parts: SessionParts): Promise<Session> {
    try {
      const session = await Session.#start(parts, false);
      const [row = []] = (await session.batch('SELECT pg_backend_pid(), pg_is_in_recovery()')).rows;
      session.#isDirect = row[0] === session.#processId;
      session.#isStandby = row[1] === true;
      return session;
    } catch (error) {
      if (!isStartRefusal(error)) throw error;
      return Session.#start(parts, true);
    }
  }

  static async #start(parts: SessionParts, isPlain: boolean): Promise<Session> {
    const client = parts.newClient(isPlain);
    const session = new Session(client, parts);
    try {
      await client.connect();
      return session;
    } catch (error) {
      session.#break(error);
      client.connection.stream.destroy();
      throw error;
    }
  }

  /** The number that the server's process was announced with; a pooler makes one up. */
  get #processId(): unknown {
    return (this.#client as { readonly processID?: unknown }).processID;
  }

  /** Whether the connection keeps its settings: no pooler hands out others in between. */
  get isDirect(): boolean {
    return this.#isDirect;
  }

  /** Whether the server was a standby: what it shows may be old. It can only cease to be one. */
  get isStandby(): boolean {
    return this.#isStandby;
  }

  get isBroken(): boolean {
    return this.#cause !== undefined;
  }

  /** Called once, at the latest when the next statement fails. */
  whenBroken(run: () => void): void {
    this.#onBroken = run;
  }

  run(
    statement: Statement,
    values: readonly unknown[] = [],
    timeoutMs = this.#parts.settings.timeoutMs,
  ): Promise<Answer> {
    // A pooler lends another connection each time, which knows other statements.
    const name = this.#isDirect ? statement.name : undefined;
    return this.#send({ name, text: statement.text, values: [...values] }, timeoutMs);
  }

  /** Statements without values, in one message; the answer is that of the last. */
  batch(text: string, timeoutMs = this.#parts.settings.timeoutMs): Promise<Answer> {
    return this.#send({ text }, timeoutMs);
  }

  /**
   * What is asked for in `body` leaves in one piece. When it fails, the first failure is looked at;
   * the others, which nobody may come to, are no unhandled rejections.
   */
  flight<T extends readonly Promise<unknown>[]>(body: () => T): T {
    const { stream } = this.#client.connection;
    stream.cork();
    try {
      const sent = body();
      for (const answer of sent) answer.catch(() => undefined);
      return sent;
    } finally {
      stream.uncork();
    }
  }

  /** Payloads of one channel. */
  notifications(listener: (payload: string) => void): void {
    this.#client.on('notification', ({ payload }) => listener(payload ?? ''));
  }

  /** A waiting connection does not keep the process alive. */
  keepAlive(wanted: boolean): void {
    const { stream } = this.#client.connection;
    if (!(stream instanceof Socket)) return;
    if (wanted) stream.ref();
    else stream.unref();
  }

  cut(cause: unknown): void {
    this.#break(cause);
    this.#client.connection.stream.destroy();
  }

  async close(): Promise<void> {
    if (this.isBroken) {
      this.#client.connection.stream.destroy();
      return;
    }
    this.#onBroken = undefined;
    // Somebody waits for the end, so the process has to live until then.
    this.keepAlive(true);
    const timer = systemClock.after(1000, () => this.#client.connection.stream.destroy());
    await this.#client.end().catch(() => undefined);
    timer.cancel();
  }

  #send(
    query: { readonly name?: string | undefined; readonly text: string; values?: unknown[] },
    timeoutMs: number,
  ): Promise<Answer> {
    const answer = new Promise<Answer>((resolve, reject) => {
      const timer = systemClock.after(timeoutMs, () => this.cut(noAnswer(timeoutMs)));
      const done = (
        error: Error | null | undefined,
        result: QueryArrayResult<unknown[]> | readonly QueryArrayResult<unknown[]>[],
      ): void => {
        timer.cancel();
        if (error == null) {
          resolve(Array.isArray(result) ? (result.at(-1) as Answer) : (result as Answer));
          return;
        }
        if (isRefusal(error)) reject(error);
        else {
          this.#break(error);
          reject(new LostConnection(this.#cause));
        }
      };
      this.#client.query({ ...query, rowMode: 'array' }, done);
    });
    // Of a flight, the first failure is looked at.
    answer.catch(() => undefined);
    return answer;
  }

  #break(cause: unknown): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#onBroken?.();
  }
}

function noAnswer(timeoutMs: number): HoldfastError {
  return new HoldfastError('unavailable', `no answer within ${timeoutMs} ms`, {
    details: { timeoutMs },
  });
}
