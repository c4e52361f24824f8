/**
 * A worker's way out to its host: it connects, and comes back when the connection is lost.
 *
 * C1. The worker opens no port.
 * C2. What it holds survives a lost connection, and the host is told of it: the next turn of a
 *     session costs no snapshot.
 */
import { WebSocket } from 'ws';
import { HoldfastError } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import { deferred } from '../../internal/deferred.ts';
import { systemRandom } from '../../internal/random.ts';
import type { Random } from '../../internal/random.ts';
import type { SessionWorker } from '../../layers/sessions/index.ts';
import { frameBytesMax, SocketLink, subprotocol } from './socket-link.ts';

export interface ConnectWorkerOptions {
  /** Sent with the handshake: an `Authorization`, for example. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long a silent host counts as there. Default 10,000. */
  readonly aliveMs?: number | undefined;
  /** The longest wait before another attempt. Default 5,000. */
  readonly retryMaxMs?: number | undefined;
  /** Told of attempts that failed; another follows. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

const retryFirstMs = 50;

export class WorkerConnection implements Disposable {
  readonly #worker: SessionWorker;
  readonly #url: string;
  readonly #options: ConnectWorkerOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #first = deferred<void>();
  readonly #leaving = new AbortController();
  #socket: WebSocket | undefined;
  #failures = 0;

  constructor(worker: SessionWorker, url: string, options: ConnectWorkerOptions = {}) {
    this.#worker = worker;
    this.#url = url;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    void this.#run();
  }

  /** Resolves when it is connected for the first time. */
  get connected(): Promise<void> {
    return this.#first.promise;
  }

  /**
   * Finishes the turns that it has and leaves: the worker too, for good.
   *
   * @example
   * import { once } from 'node:events';
   * import { createServer } from 'node:http';
   * import type { AddressInfo } from 'node:net';
   * import { connectWorker, serveWorkers, SessionWorker } from 'holdfast/sessions';
   * import { structuredAgent } from 'holdfast/sessions';
   *
   * const server = createServer();
   * const door = serveWorkers(server, host);
   * await once(server.listen(0, '127.0.0.1'), 'listening');
   * const { port } = server.address() as AddressInfo;
   * const echo = structuredAgent<string, string>(({ input }) => input);
   * const worker = new SessionWorker({ agents: { echo } });
   * const connection = connectWorker(worker, `ws://127.0.0.1:${port}/sessions/worker`);
   * await connection.connected;
   * await connection.drain();
   * worker.isLeaving; // => true
   * door.close();
   * server.close();
   */
  async drain(): Promise<void> {
    this.#leaving.abort();
    await this.#worker.drain();
    this.#socket?.close();
  }

  /**
   * Leaves at once; hosts give its turns to others. Before it was ever connected, `connected` never
   * resolves then.
   *
   * @example
   * import { connectWorker, SessionWorker, structuredAgent } from 'holdfast/sessions';
   *
   * const echo = structuredAgent<string, string>(({ input }) => input);
   * const worker = new SessionWorker({ agents: { echo } });
   * const connection = connectWorker(worker, 'ws://127.0.0.1:9/sessions/worker');
   * connection.close();
   * worker.isLeaving; // => true
   */
  close(): void {
    this.#leaving.abort();
    this.#worker.close();
    this.#socket?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #run(): Promise<void> {
    while (!this.#isLeaving) {
      try {
        await this.#connect();
      } catch (error) {
        this.#options.onError?.(error);
      }
      if (this.#isLeaving) return;
      const { retryMaxMs = 5000 } = this.#options;
      const longest = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(this.#failures, 16));
      this.#failures += 1;
      await this.#clock.sleep(Math.ceil(longest * (0.5 + this.#random.float() / 2)));
    }
  }

  /** Until the connection is lost. Throws if there is none. */
  async #connect(): Promise<void> {
    const { headers, aliveMs = 10_000 } = this.#options;
    const socket = new WebSocket(this.#url, subprotocol, {
      headers: { ...headers },
      maxPayload: frameBytesMax,
      handshakeTimeout: aliveMs,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    const opened = deferred<void>();
    socket.once('open', () => opened.resolve());
    socket.once('error', (cause) => {
      const text = `no connection to the host at ${this.#url}`;
      opened.reject(new HoldfastError('unavailable', text, { cause }));
    });
    await opened.promise;
    this.#failures = 0;
    const served = this.#worker.serve(new SocketLink(socket, { clock: this.#clock, aliveMs }));
    this.#first.resolve();
    await served;
  }

  get #isLeaving(): boolean {
    return this.#leaving.signal.aborted;
  }
}

/**
 * Connects a worker to a host that listens (`serveWorkers`), and keeps it connected: a lost
 * connection is made anew, with growing pauses up to `retryMaxMs`, for as long as it takes. Failed
 * attempts are told to `onError` alone.
 *
 * @example
 * import { once } from 'node:events';
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { connectWorker, serveWorkers, SessionWorker } from 'holdfast/sessions';
 * import { structuredAgent } from 'holdfast/sessions';
 *
 * const server = createServer();
 * const door = serveWorkers(server, host);
 * await once(server.listen(0, '127.0.0.1'), 'listening');
 * const { port } = server.address() as AddressInfo;
 * const echo = structuredAgent<string, string>(({ input }) => input);
 * const worker = new SessionWorker({ agents: { echo } });
 * const connection = connectWorker(worker, `ws://127.0.0.1:${port}/sessions/worker`);
 * const outcome = await host.turn({ session: 's', id: '1', agent: 'echo', input: 'hello' });
 * outcome; // => { kind: 'done', output: 'hello' }
 * connection.close();
 * door.close();
 * server.close();
 */
export function connectWorker(
  worker: SessionWorker,
  url: string,
  options?: ConnectWorkerOptions,
): WorkerConnection {
  return new WorkerConnection(worker, url, options);
}
