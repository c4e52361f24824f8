/**
 * The serving end of one connection: requests in, answers out, on ledgers that it is given.
 *
 * S1. Requests start in the order of arrival and are answered as they finish.
 * S2. A stream holds at most one page, and none without credit: a slow reader costs nothing.
 * S3. What fails in one request is answered to it alone; only bytes that are no message at all, and
 *     ids that are open already, throw.
 * S4. No more is open at once than the limits say: what exceeds them is refused, not queued.
 *
 * Not here: sockets, who may do what (`ledger`, `directory` and `open` decide, by throwing).
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Ledger, LogPage } from '../../ledger/index.ts';
import { encodeAnswer } from '../messages/answer.ts';
import type { Answer, ResultAnswer, ToldAnswer } from '../messages/answer.ts';
import { callShape } from '../messages/calls.ts';
import type { Method } from '../messages/calls.ts';
import { questionShape } from '../messages/questions.ts';
import type { Directory, Question } from '../messages/questions.ts';
import { decodeRequest } from '../messages/request.ts';
import type {
  AskRequest,
  CallRequest,
  OpenRequest,
  Request,
  WatchRequest,
} from '../messages/request.ts';
import { asHoldfastError } from '../wire/error-shape.ts';
import { ChannelEnd } from './channel.ts';
import type { Channel } from './channel.ts';
import { ServedStream } from './served-stream.ts';

export interface ServingSessionOptions {
  /**
   * The ledger of an app for this connection. May throw: the request is then answered with that.
   */
  ledger(app: string, request: Request): Ledger;
  /** What is told of the store as a whole. Left out: nothing. */
  readonly directory?: Directory | undefined;
  /** Hands a channel to its extension. May throw or reject. Left out: there are no extensions. */
  open?: ((channel: Channel, request: OpenRequest) => void | Promise<void>) | undefined;
  /** Must not throw. */
  send(frame: Uint8Array): void;
  /** Resolves when the connection can take more of a stream; undefined if it can now. */
  ready?: (() => Promise<void> | undefined) | undefined;
  /** Counts a stream or channel until the returned function is called. May throw: it is refused. */
  openStream?: (() => () => void) | undefined;
  readonly openCallsMax?: number | undefined;
  /** Streams and channels. */
  readonly openStreamsMax?: number | undefined;
}

export class ServingSession {
  readonly #options: ServingSessionOptions;
  readonly #calls = new Set<number>();
  readonly #streams = new Map<number, ServedStream>();
  readonly #channels = new Map<number, ChannelEnd>();
  #closed = false;

  constructor(options: ServingSessionOptions) {
    this.#options = options;
  }

  /** Calls, streams and channels that are not answered to their end. */
  get open(): number {
    return this.#calls.size + this.#streams.size + this.#channels.size;
  }

  /** Calls that are not answered. */
  get openCalls(): number {
    return this.#calls.size;
  }

  /** Throws `protocol` for bytes that are no message: the connection should then be ended. */
  receive(bytes: Uint8Array): void {
    const request = decodeRequest(bytes);
    const { id } = request;
    switch (request.kind) {
      case 'refused':
        return this.#send({ kind: 'error', id, error: request.error });
      case 'ping':
        return this.#send({ kind: 'pong', id });
      case 'call':
      case 'ask':
        return this.#begin(request);
      case 'watch':
        return this.#isFree(id) ? this.#watch(request) : undefined;
      case 'open':
        return this.#isFree(id) ? this.#open(request) : undefined;
      // A stream or channel may have ended while these were under way.
      case 'pull':
        this.#channels.get(id)?.pulled(request.count);
        return this.#streams.get(id)?.pull(request.count);
      case 'stop':
        return this.#streams.get(id)?.stop();
      case 'message':
        return this.#channels.get(id)?.arrive(request.message);
      case 'close':
        return this.#closeChannel(id, request.error);
    }
  }

  /** Stops all streams and channels, and answers nothing more. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.stop();
    for (const channel of this.#channels.values()) {
      channel.end(new HoldfastError('unavailable', 'the connection of the channel is gone'));
    }
    this.#channels.clear();
  }

  #isFree(id: number): boolean {
    const taken = this.#calls.has(id) || this.#streams.has(id) || this.#channels.has(id);
    if (!taken) return true;
    throw new HoldfastError('protocol', `request ${id} is still open`, { details: { id } });
  }

  #begin(request: CallRequest | AskRequest): void {
    const { id } = request;
    const { openCallsMax = Infinity } = this.#options;
    if (!this.#isFree(id)) return;
    if (this.#calls.size >= openCallsMax) {
      const message = `${openCallsMax} calls of this connection are open already`;
      this.#send({ kind: 'error', id, error: new HoldfastError('overloaded', message) });
      return;
    }
    this.#calls.add(id);
    void this.#finish(request);
  }

  async #finish(request: CallRequest | AskRequest): Promise<void> {
    const { id } = request;
    let answer: Answer;
    try {
      answer = request.kind === 'call' ? await this.#call(request) : await this.#ask(request);
    } catch (error) {
      answer = { kind: 'error', id, error: asHoldfastError(error) };
    }
    this.#calls.delete(id);
    this.#send(answer);
  }

  async #call(request: CallRequest): Promise<Answer> {
    const { id, app, method, args } = request;
    const shape = callShape<Method>(method);
    const result = await shape.run(this.#options.ledger(app, request), args);
    return { kind: 'result', id, method, result } as ResultAnswer;
  }

  async #ask({ id, question, args }: AskRequest): Promise<Answer> {
    const { directory } = this.#options;
    if (directory === undefined) {
      throw new HoldfastError('unsupported', 'nothing is told here of the store as a whole');
    }
    const answer = await questionShape<Question>(question).run(directory, args);
    return { kind: 'told', id, question, answer } as ToldAnswer;
  }

  #watch(request: WatchRequest): void {
    const { id, app, options } = request;
    const abort = new AbortController();
    let pages: AsyncIterable<LogPage>;
    let leave: (() => void) | undefined;
    try {
      leave = this.#enterStream();
      pages = this.#options.ledger(app, request).watch({ ...options, signal: abort.signal });
    } catch (error) {
      leave?.();
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
        leave();
        if (error === undefined) this.#send({ kind: 'end', id });
        else this.#send({ kind: 'error', id, error: asHoldfastError(error) });
      },
      ready: () => this.#options.ready?.(),
    });
    this.#streams.set(id, stream);
  }

  #open(request: OpenRequest): void {
    const { id, extension } = request;
    const channel = new ChannelEnd({
      message: (message) => this.#send({ kind: 'message', id, message }),
      pull: (count) => this.#send({ kind: 'pull', id, count }),
      close: (error) => {
        this.#channels.delete(id);
        this.#send({ kind: 'close', id, error });
      },
    });
    const refuse = (error: unknown): void => channel.close(asHoldfastError(error));
    try {
      const leave = this.#enterStream();
      channel.signal.addEventListener('abort', leave, { once: true });
      if (this.#options.open === undefined) {
        throw new HoldfastError('unsupported', `there is no extension '${extension}' here`);
      }
      this.#channels.set(id, channel);
      this.#options.open(channel, request)?.catch(refuse);
    } catch (error) {
      this.#channels.set(id, channel);
      refuse(error);
    }
  }

  #closeChannel(id: number, error: HoldfastError | undefined): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    this.#channels.delete(id);
    channel.end(error);
    // Whoever opened it may use the id again only now.
    this.#send({ kind: 'close', id });
  }

  #enterStream(): () => void {
    const { openStreamsMax = Infinity, openStream } = this.#options;
    if (this.#streams.size + this.#channels.size < openStreamsMax) {
      return openStream?.() ?? (() => undefined);
    }
    const message = `${openStreamsMax} watches and channels of this connection are open already`;
    throw new HoldfastError('overloaded', message, { details: { limit: openStreamsMax } });
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
