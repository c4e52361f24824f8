/**
 * The calling end of one connection: ledgers whose calls go out as frames.
 *
 * C1. A call that cannot be written down fails at once and sends nothing.
 * C2. When the connection is lost, what may have been written is `outcome_unknown`, all else is
 *     `unavailable`: never a guess.
 *
 * Not here: sockets, reconnecting, retries, time limits.
 */
import { HoldfastError } from '../errors/index.ts';
import type { Ledger, LogPage, WatchOptions } from '../ledger/index.ts';
import { decodeAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { CalledStream } from './called-stream.ts';
import { callShape } from './calls.ts';
import type { Calls, Method } from './calls.ts';
import { RemoteLedger } from './remote-ledger.ts';
import type { Carrier } from './remote-ledger.ts';
import { encodeRequest } from './request.ts';
import type { CallRequest, Request } from './request.ts';

export interface CallingSessionOptions {
  /** Must not throw. */
  send(frame: Uint8Array): void;
  /** How many pages a watch asks for ahead of its reader, its current one included. Default 1. */
  readonly watchWindow?: number | undefined;
}

interface Waiting {
  readonly method: Method;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export class CallingSession implements Carrier {
  readonly #options: CallingSessionOptions;
  readonly #calls = new Map<number, Waiting>();
  readonly #streams = new Map<number, CalledStream>();
  #lastId = 0;
  #failed: { readonly cause: unknown } | undefined;

  constructor(options: CallingSessionOptions) {
    this.#options = options;
  }

  /** Calls and streams that wait for an answer. */
  get open(): number {
    return this.#calls.size + this.#streams.size;
  }

  ledger(app: string): Ledger {
    return new RemoteLedger(app, this);
  }

  call<M extends Method>(
    app: string,
    method: M,
    args: Calls[M]['args'],
  ): Promise<Calls[M]['result']> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId();
      const request = { kind: 'call', id, app, method, args } as CallRequest;
      const frame = encodeRequest(request);
      if (this.#failed !== undefined) throw this.#lost(undefined);
      this.#calls.set(id, { method, resolve, reject });
      this.#options.send(frame);
    });
  }

  watch(app: string, { signal, ...options }: WatchOptions): AsyncIterable<LogPage> {
    const id = this.#nextId();
    const frame = encodeRequest({ kind: 'watch', id, app, options });
    const send = (request: Request): void => {
      if (this.#streams.has(id)) this.#options.send(encodeRequest(request));
    };
    const control = {
      pull: (count: number) => send({ kind: 'pull', id, count }),
      stop: () => send({ kind: 'stop', id }),
    };
    const stream = new CalledStream(control, this.#options.watchWindow ?? 1, signal);
    if (signal?.aborted === true) stream.end();
    else if (this.#failed !== undefined) stream.end(this.#lost(undefined));
    else {
      this.#streams.set(id, stream);
      this.#options.send(frame);
    }
    return stream;
  }

  /** Throws `protocol` for bytes that are no answer: the connection should then be ended. */
  receive(bytes: Uint8Array): void {
    const answer = decodeAnswer(bytes);
    const { id } = answer;
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      if (answer.kind !== 'item') this.#streams.delete(id);
      return streamed(stream, answer);
    }
    const waiting = this.#calls.get(id);
    if (waiting === undefined) throw unexpected(answer);
    this.#calls.delete(id);
    if (answer.kind === 'error') return waiting.reject(answer.error);
    const fits = answer.kind === 'result' && answer.method === waiting.method;
    if (fits) return waiting.resolve(answer.result);
    waiting.reject(this.#lost(waiting.method));
    throw unexpected(answer);
  }

  /** The connection is gone: everything that waits fails, and so does every later call. */
  fail(cause: unknown): void {
    this.#failed ??= { cause };
    const calls = [...this.#calls.values()];
    const streams = [...this.#streams.values()];
    this.#calls.clear();
    this.#streams.clear();
    for (const { method, reject } of calls) reject(this.#lost(method));
    for (const stream of streams) stream.end(this.#lost(undefined));
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** `method` is that of a call whose request was sent. */
  #lost(method: Method | undefined): HoldfastError {
    const cause = this.#failed?.cause;
    if (method !== undefined && callShape(method).writes) {
      const message = `the connection failed during '${method}'; it may have been applied`;
      return new HoldfastError('outcome_unknown', message, { cause, details: { method } });
    }
    return new HoldfastError('unavailable', 'the connection to the ledger is gone', { cause });
  }
}

function streamed(stream: CalledStream, answer: Answer): void {
  switch (answer.kind) {
    case 'item':
      return stream.arrive(answer.page);
    case 'end':
      return stream.end();
    case 'error':
      return stream.end(answer.error);
    case 'result':
      stream.end(unexpected(answer));
      throw unexpected(answer);
  }
}

function unexpected({ id, kind }: Answer): HoldfastError {
  const message = `nobody waits for the ${kind} with id ${id}`;
  return new HoldfastError('protocol', message, { details: { id, kind } });
}
