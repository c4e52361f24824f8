/**
 * Calls that survive a lost connection.
 *
 * R1. A call is written down when it is made, and sent again as it was: what its caller does to
 *     its objects meanwhile changes nothing.
 * R2. A commit carries an idempotency stamp, its caller's or one of ours: sent twice, it applies
 *     once. What is repeated otherwise (reads, pins, heartbeats, erasures) may be.
 * R3. When the time is up, what may have been applied says so.
 * R4. What is more than the server takes is not sent: it would end the connection of all calls.
 */
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { LogPage, Proposal, WatchOptions } from '../../ledger/index.ts';
import { requireRoom, writtenCall, writtenQuestion } from '../../protocol/index.ts';
import type {
  CallingSession,
  Calls,
  Carrier,
  Channel,
  Method,
  Question,
  Questions,
  WrittenCall,
} from '../../protocol/index.ts';
import type { Connection } from '../connection.ts';
import type { Link } from '../link.ts';
import { ResumedWatch } from '../resumed-watch.ts';
import { Slots } from './slots.ts';

/** What one caller asks of its calls, beside what the client was opened with. */
export interface CallTerms {
  readonly timeoutMs?: number | undefined;
  /** Rejects calls that wait with `aborted`; what was sent may still be applied. */
  readonly signal?: AbortSignal | undefined;
}

/** Before the first welcome says what the server allows. */
const openCallsDefault = 256;
const rateLimitedPauseMs = 100;

export class RetryingCarrier implements Carrier {
  readonly #link: Link;
  readonly #terms: CallTerms;
  readonly #slots: Slots;
  readonly #sequences: Map<string, number>;

  constructor(link: Link, terms: CallTerms = {}, shared?: RetryingCarrier) {
    this.#link = link;
    this.#terms = terms;
    this.#slots = shared === undefined ? new Slots() : shared.#slots;
    this.#sequences = shared === undefined ? new Map<string, number>() : shared.#sequences;
  }

  /** The same carrier, whose calls are made on other terms. */
  with(terms: CallTerms): RetryingCarrier {
    return new RetryingCarrier(this.#link, terms, this);
  }

  async call<M extends Method>(
    app: string,
    method: M,
    args: Calls[M]['args'],
  ): Promise<Calls[M]['result']> {
    const stamped =
      method === 'commit' ? this.#stamped(app, args as Calls['commit']['args']) : args;
    const call = writtenCall(this.#link.nextId(), app, method, stamped);
    return this.#send(call, app);
  }

  async ask<Q extends Question>(
    question: Q,
    args: Questions[Q]['args'],
  ): Promise<Questions[Q]['answer']> {
    return this.#send(writtenQuestion(this.#link.nextId(), question, args), '');
  }

  watch(app: string, options: WatchOptions): AsyncIterable<LogPage> {
    const start = options.after === undefined ? this.#positionOf(app) : options.after;
    return new ResumedWatch(this.#link, app, options, start);
  }

  /** Opens a channel on the connection that there is, or the next; it ends with its connection. */
  async channel(app: string, extension: string, args: unknown): Promise<Channel> {
    const connection = await this.#link.connection(this.#deadline());
    if (!connection.welcome.extensions.includes(extension)) {
      const message = `the server does not speak '${extension}'`;
      throw new HoldfastError('unsupported', message, { details: { extension } });
    }
    return connection.session.channel(app, extension, args);
  }

  async #positionOf(app: string) {
    return (await this.call(app, 'head', {})).position;
  }

  #stamped(app: string, { proposal }: Calls['commit']['args']): Calls['commit']['args'] {
    // A malformed proposal is refused where it is written down.
    if (typeof proposal !== 'object' || proposal === null || Array.isArray(proposal)) {
      return { proposal };
    }
    // Without mutations there is nothing to do twice.
    const writes = Array.isArray(proposal.mutations) && proposal.mutations.length > 0;
    if (!writes || proposal.stamp !== undefined) return { proposal };
    const sequence = (this.#sequences.get(app) ?? 0) + 1;
    this.#sequences.set(app, sequence);
    const stamp = { client: this.#link.instance, sequence, perCall: true };
    return { proposal: { ...proposal, stamp } satisfies Proposal };
  }

  #send<R>(call: WrittenCall<R>, line: string): Promise<R> {
    const deadline = this.#deadline();
    const most = this.#link.current?.welcome.limits.openCalls ?? openCallsDefault;
    const turn = this.#slots.take(most, line);
    if (turn === undefined) return this.#holding(call, deadline);
    return turn.then(() => this.#holding(call, deadline));
  }

  async #holding<R>(call: WrittenCall<R>, deadline: number): Promise<R> {
    try {
      return await this.#repeated(call, deadline);
    } finally {
      this.#slots.give();
    }
  }

  async #repeated<R>(call: WrittenCall<R>, deadline: number): Promise<R> {
    let unknown: unknown;
    for (;;) {
      this.#checkSignal(unknown !== undefined);
      let connection: Connection;
      try {
        connection =
          this.#link.current ??
          (await this.#unlessAborted(this.#link.connection(deadline), unknown !== undefined));
        requireRoom(call.frame, call.subject, connection.welcome.limits.messageBytes);
      } catch (error) {
        throw unknown === undefined ? error : stillUnknown(call, error);
      }
      try {
        return await this.#answered(connection.session, call, deadline);
      } catch (error) {
        if (!isHoldfastError(error)) throw error;
        if (call.writes && error.outcome === 'unknown') unknown = error;
        const pauseMs = pauseBefore(error, connection.session.isLost);
        if (pauseMs === undefined || this.#now() + pauseMs >= deadline) throw error;
        if (pauseMs > 0) await this.#link.terms.clock.sleep(pauseMs);
      }
    }
  }

  /** Sends, and waits until the answer is there, the time is up or the caller has lost interest. */
  #answered<R>(session: CallingSession, call: WrittenCall<R>, at: number): Promise<R> {
    const { signal } = this.#terms;
    const { deadlines } = this.#link;
    return new Promise<R>((resolve, reject) => {
      const fail = (error: Error): void => {
        over();
        reject(error);
      };
      const abort = (): void => fail(aborted(signal, call.writes));
      const deadline = { at, late: () => fail(tooLate(call)) };
      const over = (): void => {
        deadlines.remove(deadline);
        signal?.removeEventListener('abort', abort);
      };
      deadlines.add(deadline);
      signal?.addEventListener('abort', abort, { once: true });
      session.carry(call, {
        resolve(result) {
          over();
          resolve(result);
        },
        reject: (error) => fail(error as Error),
      });
    });
  }

  #unlessAborted<T>(promise: Promise<T>, wasSent: boolean): Promise<T> {
    const { signal } = this.#terms;
    if (signal === undefined) return promise;
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => reject(aborted(signal, wasSent));
      signal.addEventListener('abort', abort, { once: true });
      promise
        .then(resolve, (error: unknown) => reject(error as Error))
        .finally(() => signal.removeEventListener('abort', abort));
    });
  }

  #checkSignal(wasSent: boolean): void {
    const { signal } = this.#terms;
    if (signal?.aborted === true) throw aborted(signal, wasSent);
  }

  #deadline(): number {
    return this.#now() + (this.#terms.timeoutMs ?? this.#link.terms.timeoutMs);
  }

  #now(): number {
    return this.#link.terms.clock.monotonic();
  }
}

/** Undefined if a repeat is of no use. */
function pauseBefore(error: HoldfastError, isLost: boolean): number | undefined {
  if (isLost && (error.code === 'unavailable' || error.code === 'outcome_unknown')) return 0;
  // The engine behind the server could not tell; the stamp can.
  if (error.code === 'outcome_unknown') return rateLimitedPauseMs;
  if (error.code !== 'rate_limited') return undefined;
  const { retryAfterMs } = error.details;
  return typeof retryAfterMs === 'number' ? retryAfterMs : rateLimitedPauseMs;
}

function stillUnknown(call: WrittenCall<unknown>, cause: unknown): HoldfastError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  const message = `the connection failed during '${call.subject}'; it may have been applied${why}`;
  return new HoldfastError('outcome_unknown', message, { cause });
}

function tooLate({ subject, writes }: WrittenCall<unknown>): HoldfastError {
  const outcome = writes ? 'unknown' : 'not-applied';
  return new HoldfastError('timeout', `no answer to '${subject}' within the time`, { outcome });
}

function aborted(signal: AbortSignal | undefined, mayBeApplied: boolean): HoldfastError {
  return new HoldfastError('aborted', 'the caller aborted', {
    cause: signal?.reason,
    outcome: mayBeApplied ? 'unknown' : 'not-applied',
  });
}
