/**
 * The calling end of one connection: ledgers whose calls go out as frames.
 *
 * C1. A call that cannot be written down fails at once and sends nothing.
 * C2. When the connection is lost, what may have been written is `outcome_unknown`, all else is
 *     `unavailable`: never a guess.
 *
 * Not here: sockets, reconnecting, retries, time limits.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Ledger, LogPage, WatchOptions } from '../../ledger/index.ts';
import { decodeAnswer } from '../messages/answer.ts';
import type { Answer } from '../messages/answer.ts';
import { CalledStream } from './called-stream.ts';
import { ChannelEnd } from './channel.ts';
import type { Channel } from './channel.ts';
import { callShape } from '../messages/calls.ts';
import type { Calls, Method } from '../messages/calls.ts';
import type { Question, Questions } from '../messages/questions.ts';
import { RemoteLedger } from './remote-ledger.ts';
import type { Carrier } from './remote-ledger.ts';
import { encodeRequest } from '../messages/request.ts';
import type { AskRequest, CallRequest, Request } from '../messages/request.ts';
import { requireRoom } from '../wire/package.ts';

/** A call that is written down: it can be sent, and sent again on another connection. */
export interface WrittenCall<R> {
  readonly id: number;
  readonly frame: Uint8Array;
  /** The method or question, or `ping`. */
  readonly subject: string;
  readonly writes: boolean;
  /** Only its type counts. */
  readonly result?: R;
}

/** Throws what the ledger itself would throw for arguments that cannot be written down. */
export function writtenCall<M extends Method>(
  id: number,
  app: string,
  method: M,
  args: Calls[M]['args'],
): WrittenCall<Calls[M]['result']> {
  const frame = encodeRequest({ kind: 'call', id, app, method, args } as CallRequest);
  return { id, frame, subject: method, writes: callShape(method).writes };
}

export function writtenQuestion<Q extends Question>(
  id: number,
  question: Q,
  args: Questions[Q]['args'],
): WrittenCall<Questions[Q]['answer']> {
  const frame = encodeRequest({ kind: 'ask', id, question, args } as AskRequest);
  return { id, frame, subject: question, writes: false };
}

/** Ids that no two requests share, even on several connections. */
export function idSource(): () => number {
  let last = 0;
  return () => {
    last += 1;
    return last;
  };
}

export interface CallingSessionOptions {
  /** Must not throw. */
  send(frame: Uint8Array): void;
  /** How many pages a watch asks for ahead of its reader, its current one included. Default 1. */
  readonly watchWindow?: number | undefined;
  /** The longest message that the other side takes, once that is known. Default: any. */
  messageBytesMax?(): number;
  /** Shared by sessions that may send each other's calls again. Default: one of its own. */
  readonly nextId?: (() => number) | undefined;
}

/** Who waits for the answer of a call: told once. */
export interface Answered<R> {
  resolve(result: R): void;
  reject(error: unknown): void;
}

interface Waiting {
  readonly call: WrittenCall<unknown>;
  readonly answered: Answered<unknown>;
}

export class CallingSession implements Carrier {
  readonly #options: CallingSessionOptions;
  readonly #calls = new Map<number, Waiting>();
  readonly #streams = new Map<number, CalledStream>();
  readonly #channels = new Map<number, ChannelEnd>();
  readonly #nextId: () => number;
  #failed: { readonly cause: unknown } | undefined;

  constructor(options: CallingSessionOptions) {
    this.#options = options;
    this.#nextId = options.nextId ?? idSource();
  }

  /** Calls, streams and channels that wait for an answer. */
  get open(): number {
    return this.#calls.size + this.#streams.size + this.#channels.size;
  }

  ledger(app: string): Ledger {
    return new RemoteLedger(app, this);
  }

  call<M extends Method>(
    app: string,
    method: M,
    args: Calls[M]['args'],
  ): Promise<Calls[M]['result']> {
    return this.send(() => writtenCall(this.#nextId(), app, method, args));
  }

  /** Asks about the store as a whole. */
  ask<Q extends Question>(
    question: Q,
    args: Questions[Q]['args'],
  ): Promise<Questions[Q]['answer']> {
    return this.send(() => writtenQuestion(this.#nextId(), question, args));
  }

  /** Resolves when the other side has shown that it hears. */
  async ping(): Promise<void> {
    const id = this.#nextId();
    const frame = encodeRequest({ kind: 'ping', id });
    await this.send({ id, frame, subject: 'ping', writes: false });
  }

  /** Sends what is written down, at once. */
  send<R>(written: WrittenCall<R> | (() => WrittenCall<R>)): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const call = typeof written === 'function' ? written() : written;
      this.carry(call, { resolve, reject });
    });
  }

  /** The same without a promise. */
  carry<R>(call: WrittenCall<R>, answered: Answered<R>): void {
    if (this.#failed !== undefined) return answered.reject(this.#lost(undefined));
    this.#calls.set(call.id, { call, answered });
    this.#options.send(call.frame);
  }

  /** Whether the connection is gone. */
  get isLost(): boolean {
    return this.#failed !== undefined;
  }

  /**
   * A channel to an extension of the server. If that refuses it, the channel ends with why. Throws
   * `limit_exceeded` for more `args` than the server takes.
   */
  channel(app: string, extension: string, args: unknown = {}): Channel {
    const id = this.#nextId();
    const send = (request: Request): void => {
      if (this.#failed !== undefined) return;
      const frame = encodeRequest(request);
      const limit = this.#options.messageBytesMax?.() ?? Infinity;
      requireRoom(frame, `${request.kind} of ${extension}`, limit);
      this.#options.send(frame);
    };
    const channel = new ChannelEnd({
      message: (message) => send({ kind: 'message', id, message }),
      pull: (count) => send({ kind: 'pull', id, count }),
      // It stays known until the server has said that it is closed.
      close: (error) => send({ kind: 'close', id, error }),
    });
    if (this.#failed !== undefined) {
      channel.end(this.#lost(undefined));
      return channel;
    }
    send({ kind: 'open', id, app, extension, args });
    this.#channels.set(id, channel);
    return channel;
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
    const channel = this.#channels.get(id);
    if (channel !== undefined) return this.#onChannel(channel, answer);
    const waiting = this.#calls.get(id);
    if (waiting === undefined) throw unexpected(answer);
    this.#calls.delete(id);
    const { call, answered } = waiting;
    if (answer.kind === 'error') return answered.reject(answer.error);
    if (subjectOf(answer) !== call.subject) {
      answered.reject(this.#lost(call));
      throw unexpected(answer);
    }
    if (answer.kind === 'result') return answered.resolve(answer.result);
    answered.resolve(answer.kind === 'told' ? answer.answer : undefined);
  }

  #onChannel(channel: ChannelEnd, answer: Answer): void {
    switch (answer.kind) {
      case 'message':
        return channel.arrive(answer.message);
      case 'pull':
        return channel.pulled(answer.count);
      case 'close':
      case 'error':
        this.#channels.delete(answer.id);
        return channel.end(answer.error);
      default:
        throw unexpected(answer);
    }
  }

  /** The connection is gone: everything that waits fails, and so does every later call. */
  fail(cause: unknown): void {
    this.#failed ??= { cause };
    const calls = [...this.#calls.values()];
    const streams = [...this.#streams.values(), ...this.#channels.values()];
    this.#calls.clear();
    this.#streams.clear();
    this.#channels.clear();
    for (const { call, answered } of calls) answered.reject(this.#lost(call));
    for (const stream of streams) stream.end(this.#lost(undefined));
  }

  /** `call` is one whose request was sent. */
  #lost(call: WrittenCall<unknown> | undefined): HoldfastError {
    const cause = this.#failed?.cause;
    if (call?.writes === true) {
      const method = call.subject;
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
    default:
      stream.end(unexpected(answer));
      throw unexpected(answer);
  }
}

function subjectOf(answer: Answer): string | undefined {
  if (answer.kind === 'result') return answer.method;
  if (answer.kind === 'told') return answer.question;
  return answer.kind === 'pong' ? 'ping' : undefined;
}

function unexpected({ id, kind }: Answer): HoldfastError {
  const message = `nobody waits for the ${kind} with id ${id}`;
  return new HoldfastError('protocol', message, { details: { id, kind } });
}
