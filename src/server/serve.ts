/**
 * A server over the ledgers of a store: HTTP and WebSocket on one port or Unix socket.
 *
 * S1. Beyond loopback nobody is served without a token.
 * S2. `drain` takes nothing new, answers what it took, and then lets go: nothing that was
 *     acknowledged is lost, and what was not is repeated by the client.
 *
 * Not here: the store, which whoever opened it closes.
 */
import { chmod, unlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { pino } from 'pino';
import { HoldfastError } from '../errors/index.ts';
import type { Ledgers } from '../ledger/index.ts';
import { Store } from '../store/index.ts';
import { Authenticator } from './auth/authenticator.ts';
import { TokenStore } from './auth/token-store.ts';
import { Members } from './guard/members.ts';
import { HttpApp } from './http/app.ts';
import { checkOrigin } from './http/wire/origin-check.ts';
import type { OriginTerms } from './http/wire/origin-check.ts';
import { Usage } from './limits/usage.ts';
import { Observer } from './observe/observer.ts';
import { isLoopback, serveTerms } from './options.ts';
import type { ServeOptions, ServeTerms } from './options.ts';
import { SocketHost } from './socket/socket-host.ts';

const serverAgent = 'holdfast';
const serverVersion = '1';

export interface Server extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:7420`, or `unix:/path`. */
  readonly url: string;
  /** Whether it asks for tokens. */
  readonly auth: 'tokens' | 'open';
  readonly tokens: TokenStore;
  /**
   * Takes nothing new, answers what it took, and stops: after `drainMs` at the latest. Clients come
   * back by themselves to whoever listens next.
   *
   * @example
   * import { serve } from 'holdfast/server';
   *
   * const server = await serve(store, { port: 0 });
   * await server.drain();
   * await fetch(server.url).catch(() => 'nobody there'); // => 'nobody there'
   */
  drain(): Promise<void>;
  /**
   * Stops at once: calls under way are cut off, and clients repeat them. The store stays open.
   *
   * @example
   * import { serve } from 'holdfast/server';
   *
   * const server = await serve(store, { port: 0 });
   * await server.close();
   * await store.scope('users').count(); // => 0
   */
  close(): Promise<void>;
}

/**
 * Serves a store that was opened in this process. Throws `invalid_argument` for options that do not
 * fit, `unsupported` for a store that is itself remote, `unavailable` if the address is taken.
 *
 * @example
 * import { serve } from 'holdfast/server';
 *
 * await using server = await serve(store, { port: 0 });
 * await store.app('shop').scope('users').set('ada', { visits: 1 });
 * const response = await fetch(`${server.url}/v1/apps`);
 * response.status; // => 200
 */
export async function serve(store: Store | Ledgers, options: ServeOptions = {}): Promise<Server> {
  const ledgers = ledgersOf(store);
  const terms = serveTerms(options);
  const { clock, random } = terms;
  const tokens = new TokenStore(ledgers.system, { clock, random });
  const auth = options.auth ?? ((await tokens.everCreated()) ? 'tokens' : 'open');
  const isPrivate = terms.socketPath !== undefined || isLoopback(terms.host);
  if (auth === 'open' && !isPrivate) {
    const message = `${terms.host} is not loopback: create a token first, nobody is let in without`;
    throw new HoldfastError('invalid_argument', message, { details: { host: terms.host } });
  }
  const log = options.log ?? pino({ level: 'silent' });
  const observer = new Observer(log, clock, {
    registry: options.registry,
    processMetrics: options.processMetrics !== false,
  });
  const { limits } = terms;
  const onError = (error: unknown): void => observer.failed(error);
  observer.tellTriggers({ source: ledgers, clock, random });
  const authenticator = new Authenticator({
    tokens,
    clock,
    open: auth === 'open',
    limits,
    onError,
  });
  await authenticator.start();
  const usage = new Usage(clock);
  const { extensions = [] } = options;
  const shared = { ledgers, clock, authenticator, usage, observer, extensions };
  const sockets = new SocketHost({
    ...shared,
    terms: socketTerms(terms),
    members: new Members(ledgers.system),
    agent: serverAgent,
  });
  const origin: OriginTerms = { ...terms, isUnixSocket: terms.socketPath !== undefined };
  const state = { isReady: true };
  const app = new HttpApp({
    ...shared,
    tokens,
    origin,
    random,
    state,
    version: serverVersion,
    metrics: options.metrics,
    mcp: terms.mcp,
  });
  const http = createHttp(terms, app.fetch);
  http.on('upgrade', (request, raw, head) => upgrade(sockets, origin, request, raw, head));
  const url = await listen(http, terms);
  return new ListeningServer({
    url,
    auth,
    tokens,
    terms,
    http,
    sockets,
    authenticator,
    app,
    state,
  });
}

function upgrade(
  sockets: SocketHost,
  origin: OriginTerms,
  request: IncomingMessage,
  raw: Duplex,
  head: Buffer,
): void {
  // A socket that fails before it is a WebSocket has nobody to tell.
  raw.on('error', () => undefined);
  const refuse = (status: string): void => {
    raw.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  };
  if (request.url?.split('?')[0] !== '/v1/socket') return refuse('404 Not Found');
  try {
    checkOrigin(request.headers, origin);
  } catch {
    return refuse('403 Forbidden');
  }
  sockets.upgrade(request, raw, head);
}

interface Parts {
  readonly url: string;
  readonly auth: 'tokens' | 'open';
  readonly tokens: TokenStore;
  readonly terms: ServeTerms;
  readonly http: HttpServer;
  readonly sockets: SocketHost;
  readonly authenticator: Authenticator;
  readonly app: HttpApp;
  readonly state: { isReady: boolean };
}

class ListeningServer implements Server {
  readonly url: string;
  readonly auth: 'tokens' | 'open';
  readonly tokens: TokenStore;
  readonly #parts: Parts;
  #ended: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.url = parts.url;
    this.auth = parts.auth;
    this.tokens = parts.tokens;
    this.#parts = parts;
  }

  drain(): Promise<void> {
    this.#ended ??= this.#drain();
    return this.#ended;
  }

  close(): Promise<void> {
    this.#ended ??= this.#close();
    return this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(): Promise<void> {
    const { terms, http, sockets, app, state } = this.#parts;
    state.isReady = false;
    app.endStreams();
    const closed = new Promise<void>((resolve) => {
      http.close(() => resolve());
    });
    http.closeIdleConnections();
    await sockets.drain(terms.drainMs);
    const late = terms.clock.after(terms.drainMs, () => http.closeAllConnections());
    await app.idle();
    http.closeAllConnections();
    await closed;
    late.cancel();
    await this.#letGo();
  }

  async #close(): Promise<void> {
    const { http, sockets, app, state } = this.#parts;
    state.isReady = false;
    app.endStreams();
    sockets.close();
    const closed = new Promise<void>((resolve) => {
      http.close(() => resolve());
    });
    http.closeAllConnections();
    await closed;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const { authenticator, sockets, terms } = this.#parts;
    authenticator.close();
    sockets.close();
    if (terms.socketPath !== undefined) await unlink(terms.socketPath).catch(() => undefined);
  }
}

function ledgersOf(store: Store | Ledgers): Ledgers {
  const source = store instanceof Store ? store.source : store;
  if ('system' in source && 'engine' in source) return source as Ledgers;
  throw new HoldfastError('unsupported', 'a store behind another server cannot be served again');
}

function socketTerms(terms: ServeTerms) {
  return {
    helloTimeoutMs: terms.helloTimeoutMs,
    closeTimeoutMs: 2000,
    keepAliveMs: terms.keepAliveMs,
    messageBytesMax: terms.limits.payloadBytes,
    openCallsMax: 1024,
    connectionsMax: terms.connectionsMax,
  };
}

function createHttp(terms: ServeTerms, fetch: (request: Request) => Promise<Response>): HttpServer {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  const http = createServer(
    {
      maxHeaderSize: 16 * 1024,
      // A request that trickles in holds no connection for longer than this.
      headersTimeout: terms.helloTimeoutMs,
      requestTimeout: 6 * terms.helloTimeoutMs,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: 5000,
    },
    (request, response) => void listener(request, response),
  );
  http.maxConnections = terms.connectionsMax;
  return http;
}

async function listen(http: HttpServer, terms: ServeTerms): Promise<string> {
  const { host, port, socketPath } = terms;
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error) => {
      const message = `cannot listen on ${socketPath ?? `${host}:${port}`}: ${error.message}`;
      reject(new HoldfastError('unavailable', message, { cause: error }));
    });
    if (socketPath === undefined) http.listen(port, host, resolve);
    else http.listen(socketPath, resolve);
  });
  if (socketPath !== undefined) {
    await chmod(socketPath, 0o600);
    return `unix:${socketPath}`;
  }
  const address = http.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
}
