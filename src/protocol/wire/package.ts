/**
 * One transport message carries one or more frames, each behind its length.
 *
 * K1. A sender that has several frames at hand sends them together: under load a message, and the
 *     system call that it costs, is shared by many calls. Nothing ever waits for company.
 * K2. Bytes that are no package are `protocol`.
 * K3. Only a frame that goes alone makes a package larger than `packageBytes`: whether a receiver
 *     takes it does not depend on its company.
 */
import { HoldfastError } from '../../errors/index.ts';
import { malformed } from './frame.ts';

const lengthBytes = 4;

/** Several frames take no more than this, so that no receiver is busy with them for long. */
export const packageBytes = 64 * 1024;

/** What a frame takes of a message that it has to itself. */
export function messageBytesOf(frame: Uint8Array): number {
  return lengthBytes + frame.byteLength;
}

/**
 * Throws `limit_exceeded` for a frame that a receiver of messages up to `limit` bytes would end
 * the connection for, and with it everything else that is under way there.
 */
export function requireRoom(frame: Uint8Array, subject: string, limit: number): void {
  const bytes = messageBytesOf(frame);
  if (bytes <= limit) return;
  const message = `'${subject}' takes ${bytes} bytes, a message to this server at most ${limit}`;
  throw new HoldfastError('limit_exceeded', message, { details: { bytes, limit } });
}

/** The message stands behind `headroom` bytes, which are its sender's to fill. */
export function packFrames(frames: readonly Uint8Array[], headroom = 0): Uint8Array {
  let size = headroom;
  for (const frame of frames) size += messageBytesOf(frame);
  const message = new Uint8Array(size);
  let at = headroom;
  for (const frame of frames) {
    const { byteLength } = frame;
    message[at] = byteLength >>> 24;
    message[at + 1] = byteLength >>> 16;
    message[at + 2] = byteLength >>> 8;
    message[at + 3] = byteLength;
    message.set(frame, at + lengthBytes);
    at += lengthBytes + byteLength;
  }
  return message;
}

/** The frames of a message, sharing its memory. Throws `protocol`. */
export function unpackFrames(message: Uint8Array): Uint8Array[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const frames: Uint8Array[] = [];
  let at = 0;
  while (at < message.byteLength) {
    const start = at + lengthBytes;
    if (start > message.byteLength) throw malformed('a package ends within a length');
    const end = start + view.getUint32(at);
    if (end > message.byteLength) throw malformed('a package is shorter than its frames');
    frames.push(message.subarray(start, end));
    at = end;
  }
  if (frames.length === 0) throw malformed('a package holds at least one frame');
  return frames;
}

/**
 * Gathers frames until `flush`, which the sender calls as soon as nothing more is at hand, and
 * sends them in packages.
 */
export class Packer {
  readonly #send: (message: Uint8Array) => void;
  readonly #headroom: number;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #most = packageBytes;

  constructor(send: (message: Uint8Array) => void, headroom = 0) {
    this.#send = send;
    this.#headroom = headroom;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** For a receiver that takes less. */
  limitTo(bytes: number): void {
    this.#most = Math.min(bytes, packageBytes);
  }

  add(frame: Uint8Array): void {
    const bytes = messageBytesOf(frame);
    if (this.#bytes + bytes > this.#most) this.flush();
    this.#frames.push(frame);
    this.#bytes += bytes;
    if (this.#bytes >= this.#most) this.flush();
  }

  flush(): void {
    if (this.isEmpty) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    this.#send(packFrames(frames, this.#headroom));
  }
}
