/**
 * One WebSocket of a client: hello, then a session on the ledgers that its token may use.
 *
 * C1. Nothing is done for a connection before its hello was accepted, and that may take neither
 *     long nor many bytes.
 * C2. What waits to be handled, what is being handled and what waits to be sent are bounded: beyond
 *     that the socket is not read, so that the client has to wait, not the server to hold.
 * C3. A token that ends closes its connections.
 */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { RawData } from 'ws';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { Timer } from '../../internal/clock.ts';
import {
  asHoldfastError,
  decodeHello,
  encodeWelcome,
  packFrames,
  unpackFrames,
} from '../../protocol/index.ts';
import type { Hello, ServingSession } from '../../protocol/index.ts';
import type { Principal } from '../auth/principal.ts';
import { closeCodes, codeOfRefusal } from './close-codes.ts';
import { Outbox } from './outbox.ts';
import type { SocketHost } from './socket-host.ts';
import type { Served } from './turns.ts';

const helloBytesMax = 16 * 1024;
const inboxFramesMax = 512;
const drainLookMs = 5;

export class ServedSocket implements Served {
  readonly #host: SocketHost;
  readonly #socket: WebSocket;
  readonly #raw: Duplex;
  readonly #outbox: Outbox;
  readonly #inbox: Uint8Array[] = [];
  readonly #closing = new AbortController();
  #session: ServingSession | undefined;
  #principal: Principal | undefined;
  #leave: () => void = () => undefined;
  #timer: Timer | undefined;
  #greeted = false;
  #isPaused = false;
  #isHeld = false;
  #heardAt: number;

  constructor(host: SocketHost, socket: WebSocket, raw: Duplex) {
    this.#host = host;
    this.#socket = socket;
    this.#raw = raw;
    this.#heardAt = host.clock.monotonic();
    this.#outbox = new Outbox(socket, raw, {
      clock: host.clock,
      sent: (bytes) => host.metrics.sent(bytes),
      moved: () => this.#moved(),
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => this.#hear());
    socket.on('close', () => this.#gone());
    // What is wrong with the socket ends it; there is nobody to tell.
    socket.on('error', () => undefined);
    raw.on('data', this.#countGreeting);
    this.#timer = host.clock.after(host.terms.helloTimeoutMs, () => this.#tooLate());
  }

  get owner(): string {
    return this.#principal?.id ?? '';
  }

  /** Resolves when the socket is closed. */
  get isClosed(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED;
  }

  serve(most: number): boolean {
    for (const frame of this.#inbox.splice(0, most)) {
      if (this.#closing.signal.aborted) return false;
      try {
        this.#session?.receive(frame);
      } catch (error) {
        this.#fail(error);
        return false;
      }
    }
    this.#readOn();
    return this.#inbox.length > 0;
  }

  /** Asks whether the client is there, if it has been silent; ends a connection that is dead. */
  keepAlive(): void {
    const silentMs = this.#host.clock.monotonic() - this.#heardAt;
    const { keepAliveMs } = this.#host.terms;
    if (silentMs < keepAliveMs) return;
    // A socket that is not read cannot be heard; but one that takes nothing either is dead.
    if (this.#isPaused && this.#outbox.hasRoom) return;
    if (silentMs >= 3 * keepAliveMs) this.#socket.terminate();
    else this.#socket.ping();
  }

  /** Reads nothing more, answers what was read, and closes. */
  async drain(): Promise<void> {
    this.#isHeld = true;
    this.#pause();
    const { clock } = this.#host;
    while (!this.isClosed && (this.#inbox.length > 0 || (this.#session?.openCalls ?? 0) > 0)) {
      await clock.sleep(drainLookMs);
    }
    this.close(closeCodes.restart, 'the server is going away');
  }

  close(code: number, reason: string): void {
    if (this.#closing.signal.aborted) return;
    this.#outbox.flush();
    this.#outbox.end();
    this.#closing.abort();
    this.#session?.close();
    this.#host.turns.remove(this);
    this.#inbox.length = 0;
    this.#socket.close(code, reason);
    // The closing handshake is read like everything else.
    this.#socket.resume();
    this.#timer?.cancel();
    this.#timer = this.#host.clock.after(this.#host.terms.closeTimeoutMs, () => {
      this.#socket.terminate();
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#closing.signal.aborted) return;
    this.#hear();
    if (!isBinary) return this.#fail(new HoldfastError('protocol', 'binary messages only'));
    const message = bytesOf(data);
    this.#host.metrics.received(message.byteLength);
    const bytesMax = this.#principal?.limits.payloadBytes ?? Infinity;
    if (message.byteLength > bytesMax) return this.close(closeCodes.tooLarge, 'message too big');
    try {
      const frames = unpackFrames(message);
      if (this.#session !== undefined) this.#take(frames, message.byteLength);
      else this.#greet(frames);
    } catch (error) {
      this.#fail(error);
    }
  }

  #greet(frames: readonly Uint8Array[]): void {
    const [first] = frames;
    if (this.#greeted || first === undefined || frames.length > 1) {
      throw new HoldfastError('protocol', 'a hello comes first, alone, and waits for its answer');
    }
    this.#greeted = true;
    void this.#welcome(decodeHello(first));
  }

  async #welcome(hello: Hello): Promise<void> {
    try {
      const { principal, leave, answer, extensions } = await this.#host.admit(
        hello,
        this.#onReplaced,
      );
      if (this.#closing.signal.aborted || this.isClosed) return leave();
      this.#timer?.cancel();
      this.#raw.off('data', this.#countGreeting);
      this.#principal = principal;
      this.#leave = leave;
      this.#session = this.#host.session(principal, hello.instance, extensions, {
        send: (frame) => this.#send(frame),
        ready: () => this.#outbox.readyForMore(),
      });
      principal.ended.addEventListener('abort', this.#onEnded, {
        once: true,
        signal: this.#closing.signal,
      });
      if (principal.ended.aborted) return this.#onEnded();
      this.#socket.send(packFrames([encodeWelcome(answer)]));
    } catch (error) {
      this.#host.refused(error);
      this.#socket.send(packFrames([encodeWelcome(asHoldfastError(error))]));
      this.close(codeOfRefusal(error), 'refused');
    }
  }

  #take(frames: readonly Uint8Array[], bytes: number): void {
    const { principal } = this.#present();
    for (const frame of frames) this.#inbox.push(frame);
    this.#host.turns.add(this);
    const waitMs = this.#host.usage.charge(principal, frames.length, bytes);
    if (waitMs > 0) {
      this.#isHeld = true;
      this.#host.metrics.limited();
      this.#timer = this.#host.clock.after(waitMs, () => {
        this.#isHeld = false;
        this.#readOn();
      });
    }
    this.#pauseIfFull();
  }

  #pauseIfFull(): void {
    const open = this.#session?.openCalls ?? 0;
    const isFull =
      this.#isHeld ||
      this.#inbox.length > inboxFramesMax ||
      open + this.#inbox.length > this.#host.terms.openCallsMax ||
      this.#outbox.isFull;
    if (isFull) this.#pause();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #readOn(): void {
    if (!this.#isPaused || this.#isHeld || this.#closing.signal.aborted) return;
    const { openCallsMax } = this.#host.terms;
    if (this.#inbox.length > inboxFramesMax / 2) return;
    if ((this.#session?.openCalls ?? 0) > openCallsMax / 2) return;
    if (!this.#outbox.hasRoom) return void this.#outbox.readyForMore();
    this.#isPaused = false;
    this.#heardAt = this.#host.clock.monotonic();
    this.#socket.resume();
  }

  #send(frame: Uint8Array): void {
    if (!this.#closing.signal.aborted) this.#outbox.add(frame);
  }

  #moved(): void {
    if (this.#closing.signal.aborted) return;
    this.#pauseIfFull();
    this.#readOn();
  }

  #present(): { readonly principal: Principal } {
    if (this.#principal === undefined) throw new HoldfastError('internal', 'nobody is there yet');
    return { principal: this.#principal };
  }

  #hear(): void {
    this.#heardAt = this.#host.clock.monotonic();
  }

  readonly #countGreeting = (): void => {
    const read = 'bytesRead' in this.#raw ? Number(this.#raw.bytesRead) : 0;
    // The request that asked for the upgrade is counted in.
    if (read > 2 * helloBytesMax && this.#session === undefined) this.#socket.terminate();
  };

  readonly #onEnded = (): void => {
    this.close(closeCodes.unauthenticated, 'the token has ended');
  };

  readonly #onReplaced = (): void => {
    this.close(closeCodes.replaced, 'the client has made another connection');
  };

  #tooLate(): void {
    this.#host.refused(new HoldfastError('timeout', 'no hello came'));
    this.#socket.terminate();
  }

  #fail(error: unknown): void {
    if (!isHoldfastError(error, 'protocol')) this.#host.failed(error);
    const code = isHoldfastError(error, 'protocol') ? closeCodes.protocol : closeCodes.internal;
    this.close(code, isHoldfastError(error) ? error.message.slice(0, 100) : 'internal');
  }

  #gone(): void {
    this.#outbox.end();
    this.#closing.abort();
    this.#timer?.cancel();
    this.#host.turns.remove(this);
    this.#session?.close();
    this.#leave();
    this.#host.gone(this);
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
