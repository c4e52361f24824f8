/**
 * One connection: made, agreed on, kept alive, lost. Never made anew: see `link.ts`.
 *
 * N1. What is asked within one turn goes out together.
 * N2. A side that falls silent is found out: after `keepAliveMs` it is asked, after as long again
 *     the connection counts as lost.
 */
import { HoldfastError, isHoldfastError } from '../errors/index.ts';
import type { Timer } from '../internal/clock.ts';
import { deferred } from '../internal/deferred.ts';
import {
  CallingSession,
  Packer,
  decodeWelcome,
  encodeHello,
  packFrames,
  protocolVersions,
  subprotocol,
  unpackFrames,
} from '../protocol/index.ts';
import type { Welcome } from '../protocol/index.ts';
import type { ClientTerms } from './options.ts';
import type { Socket } from './socket.ts';

/** What this software calls itself in its hello. */
const agent = 'holdfast';

export interface ConnectionOptions {
  readonly terms: ClientTerms;
  /** A secret of this client, the same on each of its connections. */
  readonly instance: string;
  /** Higher than that of any connection before. */
  readonly number: number;
  readonly nextId: () => number;
  readonly extensions: readonly string[];
}

export class Connection {
  readonly session: CallingSession;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #packer: Packer;
  readonly #agreed = deferred<Welcome>();
  readonly #ended = deferred<unknown>();
  #welcome: Welcome | undefined;
  #timer: Timer | undefined;
  #heard = true;
  #flushing = false;
  #isOver = false;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    const { terms, nextId } = options;
    this.#packer = new Packer((message) => this.#socket.send(message));
    this.session = new CallingSession({
      send: (frame) => this.#add(frame),
      watchWindow: terms.watchWindow,
      messageBytesMax: () => this.#welcome?.limits.messageBytes ?? Infinity,
      nextId,
    });
    this.#socket = terms.openSocket(terms.url, subprotocol, {
      open: () => this.#greet(),
      message: (bytes) => this.#receive(bytes),
      close: (reason) => this.#end(new HoldfastError('unavailable', reason)),
    });
    this.#agreed.promise.catch(() => undefined);
  }

  /** Throws what the server refuses it with, or `unavailable`. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { clock, connectTimeoutMs } = options.terms;
    const connection = new Connection(options);
    const late = clock.after(connectTimeoutMs, () => {
      connection.#end(new HoldfastError('unavailable', `no answer within ${connectTimeoutMs} ms`));
    });
    try {
      connection.#welcome = await connection.#agreed.promise;
    } finally {
      late.cancel();
    }
    connection.#keepAlive();
    return connection;
  }

  /** What was agreed. */
  get welcome(): Welcome {
    if (this.#welcome === undefined) throw new HoldfastError('internal', 'nothing is agreed yet');
    return this.#welcome;
  }

  /** Resolves when the connection is gone, with why. */
  get ended(): Promise<unknown> {
    return this.#ended.promise;
  }

  close(): void {
    this.#end(new HoldfastError('closed', 'the store was closed'));
  }

  #greet(): void {
    const { terms, instance, number, extensions } = this.#options;
    const hello = encodeHello({
      versions: protocolVersions,
      agent,
      token: terms.token,
      instance,
      connection: number,
      extensions,
    });
    this.#socket.send(packFrames([hello]));
  }

  #receive(message: Uint8Array): void {
    if (this.#isOver) return;
    this.#heard = true;
    try {
      for (const frame of unpackFrames(message)) {
        if (this.#welcome !== undefined) this.session.receive(frame);
        else if (!this.#answered(frame)) return;
      }
    } catch (error) {
      this.#end(error);
    }
  }

  /** The server's answer to the hello; frames behind it belong to the session already. */
  #answered(frame: Uint8Array): boolean {
    const answer = decodeWelcome(frame);
    if (isHoldfastError(answer)) {
      this.#end(answer);
      return false;
    }
    this.#welcome = answer;
    this.#packer.limitTo(answer.limits.messageBytes);
    this.#agreed.resolve(answer);
    return true;
  }

  #add(frame: Uint8Array): void {
    if (this.#isOver) return;
    this.#packer.add(frame);
    if (this.#flushing || this.#packer.isEmpty) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (!this.#isOver) this.#packer.flush();
    });
  }

  #keepAlive(): void {
    if (this.#isOver) return;
    const { clock } = this.#options.terms;
    const { keepAliveMs } = this.welcome;
    this.#timer = clock.after(keepAliveMs, () => {
      if (this.#heard) {
        this.#heard = false;
        this.#keepAlive();
        return;
      }
      this.session.ping().catch(() => undefined);
      this.#timer = clock.after(keepAliveMs, () => {
        if (this.#heard) this.#keepAlive();
        else this.#end(new HoldfastError('unavailable', 'the server has fallen silent'));
      });
    });
  }

  #end(cause: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#socket.close();
    this.#agreed.reject(cause);
    this.session.fail(cause);
    this.#ended.resolve(cause);
  }
}
