/**
 * What is on its way to a client: frames of one turn leave together, and whoever has much to send
 * is told when the client has taken what was sent before.
 */
import type { Duplex } from 'node:stream';
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
  readonly #raw: Duplex;
  readonly #options: OutboxOptions;
  readonly #packer: Packer;
  #flushing = false;
  #isOver = false;
  #unsent: Promise<void> | undefined;

  constructor(socket: WebSocket, raw: Duplex, options: OutboxOptions) {
    this.#socket = socket;
    this.#raw = raw;
    this.#options = options;
    this.#packer = new Packer((message) => this.#write(message), headerBytesMax);
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

  /**
   * Writes one WebSocket message as one buffer. The library would write its header beside it, and
   * to gather the two costs the kernel as much again as a message of ours costs all in all.
   */
  #write(message: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const byteLength = message.byteLength - headerBytesMax;
    this.#options.sent(byteLength);
    this.#raw.write(message.subarray(writeHeader(message, byteLength)));
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

/** RFC 6455, 5.2: what stands in front of an unmasked message. */
const headerBytesMax = 10;
const finalBinary = 0x82;

/** Writes the header of a message that stands behind `headerBytesMax`. Returns where it begins. */
function writeHeader(message: Uint8Array, byteLength: number): number {
  const view = new DataView(message.buffer, message.byteOffset);
  let start = headerBytesMax - 2;
  if (byteLength < 126) message[start + 1] = byteLength;
  else if (byteLength < 0x1_00_00) {
    start -= 2;
    message[start + 1] = 126;
    view.setUint16(start + 2, byteLength);
  } else {
    start = 0;
    message[1] = 127;
    view.setUint32(2, 0);
    view.setUint32(6, byteLength);
  }
  message[start] = finalBinary;
  return start;
}
