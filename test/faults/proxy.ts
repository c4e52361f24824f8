/**
 * A way to a server that a test can break, at a place and a moment that its seed decides.
 *
 * Each piece of a request is a chance for one fault:
 *
 * - `before`: the connection is cut and the server never hears of it;
 * - `half`: the server gets a part of it, then the cut;
 * - `after`: the server gets it all, the answer is cut off;
 * - `late`: the connection is cut now, the server gets it later, when the caller has moved on.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Random } from '../../src/internal/random.ts';

export const faultKinds = ['before', 'half', 'after', 'late'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** The longest time that a late piece is held back. */
const lateMs = 300;

export class Proxy implements AsyncDisposable {
  /** How many faults there were, by kind. */
  readonly counts: Record<FaultKind, number> = { before: 0, half: 0, after: 0, late: 0 };
  readonly #server: Server;
  readonly #random: Random;
  readonly #sockets = new Set<Socket>();
  #target: number;
  #rate = 0;

  private constructor(server: Server, target: number, random: Random) {
    this.#server = server;
    this.#target = target;
    this.#random = random;
    server.on('connection', (client) => this.#accept(client));
  }

  static async start(target: number, random: Random): Promise<Proxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server, target, random);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get cuts(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** From now on a piece of a request fails with this probability. */
  fail(rate: number): void {
    this.#rate = rate;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Leads to another server from now on, as an address that moves with a failover does. */
  lead(target: number): void {
    this.#target = target;
    this.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    client.on('data', (piece: Buffer) => {
      if (this.#rate > 0 && this.#random.float() < this.#rate) this.#break(client, server, piece);
      else server.write(piece);
    });
    client.once('close', () => server.end());
    server.on('data', (piece: Buffer) => client.write(piece));
    server.once('close', () => client.destroy());
  }

  #break(client: Socket, server: Socket, piece: Buffer): void {
    const kind = faultKinds[Math.floor(this.#random.float() * faultKinds.length)] ?? 'before';
    this.counts[kind] += 1;
    client.removeAllListeners('data');
    server.removeAllListeners('data');
    if (kind === 'before') server.destroy();
    else if (kind === 'half') server.end(piece.subarray(0, Math.ceil(piece.length / 2)));
    else if (kind === 'after') server.end(piece);
    else {
      client.removeAllListeners('close');
      const held = this.#random.float() * lateMs;
      setTimeout(() => server.end(piece), held).unref();
    }
    client.destroy();
  }
}
