/**
 * Takes workers in over WebSockets, beside whatever else an HTTP server does.
 *
 * Whoever gets in can run turns: it reads the sessions that it is given. `admit` decides who does;
 * without it nobody does, unless the server listens on loopback or a Unix socket alone.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { systemClock } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import type { SessionHost } from '../../layers/sessions/index.ts';
import { frameBytesMax, SocketLink, subprotocol } from './socket-link.ts';

export interface ServeWorkersOptions {
  /** Default `/sessions/worker`. */
  readonly path?: string | undefined;
  /** Whether a worker may come in, by its handshake. */
  readonly admit?: ((request: IncomingMessage) => boolean | Promise<boolean>) | undefined;
  /** How long a silent worker counts as there. Default 10,000. */
  readonly aliveMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

export interface WorkerDoor {
  /**
   * Stops taking workers in; those that are there stay until the host closes. The HTTP server goes
   * on.
   *
   * @example
   * import { createServer } from 'node:http';
   * import { serveWorkers } from 'holdfast/sessions';
   *
   * const server = createServer();
   * const door = serveWorkers(server, host);
   * door.close();
   * server.listenerCount('upgrade'); // => 0
   */
  close(): void;
}

/**
 * Takes workers in at a path of an HTTP server, beside whatever else that does; it need not listen
 * yet. A handshake that is not admitted is answered 403, one to another path is left to others.
 *
 * @example
 * import { once } from 'node:events';
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { connectWorker, serveWorkers, SessionWorker } from 'holdfast/sessions';
 * import { structuredAgent } from 'holdfast/sessions';
 *
 * const server = createServer();
 * const door = serveWorkers(server, host, { admit: () => true });
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
export function serveWorkers(
  server: Server,
  host: SessionHost,
  options: ServeWorkersOptions = {},
): WorkerDoor {
  const { path = '/sessions/worker', aliveMs = 10_000, clock = systemClock } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    if (pathname !== path) {
      // Somebody else's, unless there is nobody else.
      if (server.listenerCount('upgrade') === 1) refuse(socket, '404 Not Found');
      return;
    }
    const isAdmitted = await isWelcome(request, server, options);
    if (!isAdmitted) {
      refuse(socket, '403 Forbidden');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      host.attach(new SocketLink(opened, { clock, aliveMs }));
    });
  }
  const listener = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    upgrade(request, socket, head).catch(() => socket.destroy());
  };
  server.on('upgrade', listener);
  return {
    close: () => {
      server.off('upgrade', listener);
      sockets.close();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function isWelcome(
  request: IncomingMessage,
  server: Server,
  { admit }: ServeWorkersOptions,
): Promise<boolean> {
  // A page in somebody's browser can reach loopback, too; no worker sends an origin.
  if (request.headers.origin !== undefined) return false;
  if (admit !== undefined) return admit(request);
  const address = server.address();
  if (typeof address === 'string' || address === null) return true;
  return /^(127\.|::1$|::ffff:127\.)/.test(address.address);
}
