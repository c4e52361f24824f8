/** A socket without a client: what it was told, and how it ended. */
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { encodeHello, packFrames } from '../../../src/protocol/index.ts';

let clients = 0;

export class RawSocket {
  readonly socket: WebSocket;
  readonly ended: Promise<number>;
  received = 0;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/v1/socket`, 'holdfast', options);
    this.socket.on('error', () => undefined);
    this.socket.on('message', () => {
      this.received += 1;
    });
    this.ended = new Promise((resolve) => this.socket.once('close', resolve));
  }

  static async open(url: string, options: ClientOptions = {}): Promise<RawSocket> {
    const raw = new RawSocket(url, options);
    await new Promise((resolve) => raw.socket.once('open', resolve));
    return raw;
  }

  /** Says hello, as a client of its own unless told which, and waits for the answer. */
  async greet(token?: string, as?: { instance: string; connection: number }): Promise<void> {
    clients += 1;
    const { instance, connection } = as ?? {
      instance: `client-${clients}`.padEnd(32, 'x'),
      connection: 1,
    };
    const answered = new Promise((resolve) => this.socket.once('message', resolve));
    const hello = { versions: [1], agent: 'test', instance, connection, extensions: [], token };
    this.socket.send(packFrames([encodeHello(hello)]));
    await answered;
  }

  frame(...frames: Uint8Array[]): void {
    this.socket.send(packFrames(frames));
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
