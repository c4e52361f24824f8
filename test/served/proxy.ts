/**
 * A TCP proxy that cuts connections, holds bytes back and delivers them twice, and lets clients
 * come again.
 */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/internal/random.ts';

export interface ProxyFaults {
  /** Of each chunk: cut the connection in front of it, or behind it. */
  readonly cut: number;
  /** Of each chunk: hold it back for a moment. */
  readonly delay: number;
  /** Of each connection: all that the client sends arrives on a second one too, sooner or later. */
  readonly duplicate: number;
}

/** As a bad network: most calls get through, and none can be sure of it. */
export const badNetwork: ProxyFaults = { cut: 0.02, delay: 0.1, duplicate: 0.2 };

export interface Proxy {
  readonly url: string;
  /** How often a connection was cut. */
  cuts(): number;
  /** How often one was doubled. */
  duplicates(): number;
  cutAll(): void;
  close(): Promise<void>;
}

const delayMsMax = 3;

class Carriage {
  readonly #random: Random;
  readonly #faults: ProxyFaults;
  readonly #port: number;
  readonly #open = new Set<Socket>();
  cuts = 0;
  duplicates = 0;

  constructor(port: number, random: Random, faults: ProxyFaults) {
    this.#port = port;
    this.#random = random;
    this.#faults = faults;
  }

  take(client: Socket): void {
    this.#keep(client);
    const upstream = this.#upstream();
    const twin = this.#random.float() < this.#faults.duplicate ? this.#twin() : undefined;
    void this.#carry(client, upstream, twin);
    void this.#carry(upstream, client);
  }

  cutAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async #carry(from: Socket, to: Socket, twin?: Twin): Promise<void> {
    const { cut, delay } = this.#faults;
    try {
      for await (const chunk of from) {
        twin?.take(chunk as Buffer);
        // Half of the twins are ahead.
        if (twin?.isFirst === true) await sleep(delayMsMax);
        if (this.#random.float() < delay) await sleep(this.#random.float() * delayMsMax);
        const isCut = this.#random.float() < cut;
        // Half of the time what was sent arrives, and only its answer is lost.
        if (isCut && this.#random.float() < 0.5) break;
        to.write(chunk as Buffer);
        if (isCut) break;
      }
    } catch {
      // The other side is cut as well.
    }
    if (!from.destroyed || !to.destroyed) this.cuts += 1;
    from.destroy();
    to.end();
    twin?.end();
  }

  #twin(): Twin {
    this.duplicates += 1;
    const socket = this.#upstream();
    // Nobody hears what it is answered.
    socket.resume();
    return new Twin(socket, this.#random.float() < 0.5);
  }

  #upstream(): Socket {
    const upstream = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#keep(upstream);
    return upstream;
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#open.delete(socket));
  }
}

/** Gets every byte of a connection too, in order: at once, or after a while. */
class Twin {
  readonly isFirst: boolean;
  readonly #socket: Socket;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(socket: Socket, isFirst: boolean) {
    this.#socket = socket;
    this.isFirst = isFirst;
  }

  take(chunk: Buffer): void {
    this.#later(() => this.#socket.write(chunk));
  }

  /** What it has got still arrives, though its original was cut. */
  end(): void {
    this.#later(() => this.#socket.end());
  }

  #later(run: () => void): void {
    if (this.isFirst) return run();
    this.#turn = this.#turn.then(() => sleep(delayMsMax)).then(run);
  }
}

export async function openProxy(
  target: string,
  random: Random,
  faults: ProxyFaults,
): Promise<Proxy> {
  const carriage = new Carriage(Number(new URL(target).port), random, faults);
  const server = createServer({ noDelay: true }, (client) => carriage.take(client));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    cuts: () => carriage.cuts,
    duplicates: () => carriage.duplicates,
    cutAll: () => carriage.cutAll(),
    async close() {
      carriage.cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
