/**
 * A link over a WebSocket: a frame is a binary message.
 *
 * A peer that says nothing is asked whether it is there; one that does not answer is gone. So a
 * machine that lost its power gives its turns back within two of `aliveMs`.
 */
import { WebSocket } from 'ws';
import type { RawData } from 'ws';
import type { Clock, Timer } from '../../internal/clock.ts';
import type { Link, LinkListener } from '../../layers/sessions/index.ts';

/** Of the WebSocket's handshake. */
export const subprotocol = 'holdfast-sessions-1';
/** Of one frame: a snapshot must fit. */
export const frameBytesMax = 128 * 1024 * 1024;

export interface SocketTerms {
  readonly clock: Clock;
  readonly aliveMs: number;
}

export class SocketLink implements Link {
  readonly #socket: WebSocket;
  readonly #terms: SocketTerms;
  #listener: LinkListener | undefined;
  /** What came before somebody listened. */
  #early: Uint8Array[] = [];
  #timer: Timer | undefined;
  #isAlive = true;
  #isClosed = false;

  constructor(socket: WebSocket, terms: SocketTerms) {
    this.#socket = socket;
    this.#terms = terms;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    // What it was about follows as `close`.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end());
    this.#ask();
  }

  send(frame: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  close(): void {
    this.#socket.close();
    // A peer that does not say goodbye is not waited for.
    this.#timer?.cancel();
    this.#timer = this.#terms.clock.after(this.#terms.aliveMs, () => this.#socket.terminate());
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    for (const frame of this.#early.splice(0)) listener.frame(frame);
    if (this.#isClosed) listener.closed();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#isAlive = true;
    if (!isBinary || !Buffer.isBuffer(data)) return this.#socket.terminate();
    if (this.#listener === undefined) this.#early.push(data);
    else this.#listener.frame(data);
  }

  #ask(): void {
    const { clock, aliveMs } = this.#terms;
    this.#timer = clock.after(aliveMs, () => {
      if (!this.#isAlive) return this.#socket.terminate();
      this.#isAlive = false;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
      this.#ask();
    });
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#listener?.closed();
  }
}
