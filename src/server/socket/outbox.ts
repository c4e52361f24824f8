/**
 * What is on its way to a client: frames of one turn leave together, and whoever has much to send
 * is told when the client has taken what was sent before.
 */
import type { WebSocket } from 'ws';
import type { Clock } from '../../internal/clock.ts';
import { deferred } from '../../internal/deferred.ts';
import { Packer } from '../../protocol/index.ts';

/** Bytes that wait to be sent: above it nothing more is read. */
const unsentBytesMax = 4 * 1024 * 1024;
const lookMs = 5;

export interface OutboxOptions {
  readonly clock: Clock;
  sent(bytes: number): void;
  /** Frames have left, or a client that was slow has taken them. */
  moved(): void;
}

export class Outbox {
  readonly #socket: WebSocket;
  readonly #options: OutboxOptions;
  readonly #packer: Packer;
  #flushing = false;
  #isOver = false;
  #unsent: Promise<void> | undefined;

  constructor(socket: WebSocket, options: OutboxOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#packer = new Packer((message) => {
      options.sent(message.byteLength);
      socket.send(message);
    });
  }

  /** So much waits that nothing more should be asked for. */
  get isFull(): boolean {
    return this.#socket.bufferedAmount > unsentBytesMax;
  }

  /** Little enough waits to go on. */
  get hasRoom(): boolean {
    return this.#socket.bufferedAmount <= unsentBytesMax / 2;
  }

  add(frame: Uint8Array): void {
    this.#packer.add(frame);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#isOver) return;
      this.#packer.flush();
      this.#options.moved();
    });
  }

  /** Sends what it has at once. */
  flush(): void {
    this.#packer.flush();
  }

  /** Nothing leaves any more, and nobody waits. */
  end(): void {
    this.#isOver = true;
  }

  /** Resolves when what was sent has left, or never will; undefined if little waits. */
  readyForMore(): Promise<void> | undefined {
    if (this.#unsent !== undefined) return this.#unsent;
    if (this.hasRoom) return undefined;
    const { clock, moved } = this.#options;
    const left = deferred<void>();
    this.#unsent = left.promise;
    const look = (): void => {
      const isGone = this.#isOver || this.#socket.readyState === this.#socket.CLOSED;
      if (!isGone && !this.hasRoom) {
        clock.after(lookMs, look);
        return;
      }
      this.#unsent = undefined;
      left.resolve();
      moved();
    };
    clock.after(lookMs, look);
    return left.promise;
  }
}
