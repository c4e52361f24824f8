/**
 * A channel: messages both ways between an extension and its peer, over a connection that others
 * share. What a layer needs beyond the ledger (a worker that is handed work) travels here.
 *
 * N1. Messages arrive in order, once, or the channel is closed.
 * N2. Each side may have `channelWindow` messages under way that the other has not taken: a slow
 *     reader holds no more than that, and `send` makes a fast writer wait.
 * N3. It ends once: by either side, with or without an error, or with the connection. What arrived
 *     before is still read.
 *
 * Not here: what the messages mean. Bodies are plain JSON that the extension has to check.
 */
import { HoldfastError } from '../../errors/index.ts';
import { deferred } from '../../internal/deferred.ts';
import type { Deferred } from '../../internal/deferred.ts';
import type { ChannelMessage } from '../wire/channel-message.ts';
import { malformed } from '../wire/frame.ts';

/** Messages that one side may send before the other has taken any. */
export const channelWindow = 64;

/**
 * The loop over its messages ends when either side closes the channel, and throws the error of
 * whoever closed it, or `unavailable` when the connection is gone.
 */
export interface Channel extends AsyncIterable<ChannelMessage> {
  /** Aborts when the channel is closed, by whomever; the reason is the error, if there was one. */
  readonly signal: AbortSignal;
  /**
   * Resolves once the message is on its way, which is no promise that it arrives: the connection
   * may end. Waits while the other side has 64 messages that it has not taken. Throws `closed` if
   * the channel is, `limit_exceeded` for a message that is more than the other side takes: the
   * channel stays open.
   *
   * @example
   * import { open } from 'holdfast/client';
   * import type { Channel } from 'holdfast/client';
   * import { serve } from 'holdfast/server';
   *
   * const extension = {
   *   name: 'echo/1',
   *   async open(channel: Channel) {
   *     for await (const { body } of channel) await channel.send({ body });
   *   },
   * };
   * await using server = await serve(store, { port: 0, extensions: [extension] });
   * await using remote = await open(server.url, { extensions: ['echo/1'] });
   * const channel = await remote.source.channel('example', 'echo/1');
   * await channel.send({ body: { hello: 'server' } });
   * const echoed: unknown[] = [];
   * for await (const { body } of channel) {
   *   echoed.push(body);
   *   break;
   * }
   * echoed; // => [{ hello: 'server' }]
   */
  send(message: ChannelMessage): Promise<void>;
  /**
   * Ends the channel for both sides: their loops end, or throw the error if one is given. Closing
   * what is closed does nothing.
   *
   * @example
   * import { open } from 'holdfast/client';
   * import type { Channel } from 'holdfast/client';
   * import { serve } from 'holdfast/server';
   *
   * const extension = {
   *   name: 'once/1',
   *   async open(channel: Channel) {
   *     await channel.send({ body: 'only this' });
   *     channel.close();
   *   },
   * };
   * await using server = await serve(store, { port: 0, extensions: [extension] });
   * await using remote = await open(server.url, { extensions: ['once/1'] });
   * const channel = await remote.source.channel('example', 'once/1');
   * const messages = await Array.fromAsync(channel);
   * messages.map(({ body }) => body); // => ['only this']
   */
  close(error?: HoldfastError): void;
}

/** What carries the channel's frames. */
export interface ChannelWire {
  message(message: ChannelMessage): void;
  pull(count: number): void;
  close(error: HoldfastError | undefined): void;
}

type Next = IteratorResult<ChannelMessage, undefined>;

export class ChannelEnd implements Channel, AsyncIterator<ChannelMessage, undefined> {
  readonly #wire: ChannelWire;
  readonly #abort = new AbortController();
  readonly #arrived: ChannelMessage[] = [];
  readonly #readers: Deferred<Next>[] = [];
  readonly #writers: Deferred<void>[] = [];
  #credit = channelWindow;
  #given = channelWindow;
  #error: HoldfastError | undefined;

  constructor(wire: ChannelWire) {
    this.#wire = wire;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async send(message: ChannelMessage): Promise<void> {
    if (this.#credit > 0) {
      this.#credit -= 1;
    } else if (!this.#isClosed) {
      const turn = deferred<void>();
      this.#writers.push(turn);
      await turn.promise;
    }
    if (this.#isClosed) throw new HoldfastError('closed', 'the channel is closed');
    try {
      this.#wire.message(message);
    } catch (error) {
      // It did not go out: the next one may.
      this.pulled(1);
      throw error;
    }
  }

  next(): Promise<Next> {
    const message = this.#arrived.shift();
    if (message !== undefined) {
      this.#giveBack();
      return Promise.resolve({ done: false, value: message });
    }
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    const reader = deferred<Next>();
    this.#readers.push(reader);
    return reader.promise;
  }

  return(): Promise<Next> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  close(error?: HoldfastError): void {
    if (this.#isClosed) return;
    this.end();
    this.#wire.close(error);
  }

  /** Of the session: a message has come. Throws `protocol` if the peer had no credit for it. */
  arrive(message: ChannelMessage): void {
    if (this.#isClosed) return;
    if (this.#given <= 0) throw malformed('a message came that there was no credit for');
    this.#given -= 1;
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#arrived.push(message);
      return;
    }
    this.#giveBack();
    reader.resolve({ done: false, value: message });
  }

  /** Of the session: the peer has taken messages. */
  pulled(count: number): void {
    this.#credit = Math.min(this.#credit + count, channelWindow);
    const ready = this.#writers.splice(0, this.#credit);
    this.#credit -= ready.length;
    for (const writer of ready) writer.resolve();
  }

  /** Of the session: the other side ended it, or the connection is gone. */
  end(error?: HoldfastError): void {
    if (this.#isClosed) return;
    this.#abort.abort(error);
    const first = error === undefined ? undefined : this.#readers.shift();
    if (first === undefined) this.#error = error;
    else first.reject(error);
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
    for (const writer of this.#writers.splice(0)) writer.resolve();
  }

  get #isClosed(): boolean {
    return this.#abort.signal.aborted;
  }

  #giveBack(): void {
    this.#given += 1;
    if (!this.#isClosed) this.#wire.pull(1);
  }
}
