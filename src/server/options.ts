/** What a server is started with, and what is taken where something is left out. */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { HoldfastError } from '../errors/index.ts';
import { systemClock } from '../internal/clock.ts';
import type { Clock } from '../internal/clock.ts';
import { systemRandom } from '../internal/random.ts';
import type { Random } from '../internal/random.ts';
import type { TokenLimits } from './auth/principal.ts';
import type { ServerExtension } from './socket/extension.ts';

export interface ServeOptions {
  /** The address to listen on. Default `127.0.0.1`; any but loopback asks for tokens. */
  readonly host?: string | undefined;
  /** Default 7420; 0 takes one that is free. */
  readonly port?: number | undefined;
  /** A Unix socket, in place of host and port. Only its owner may connect. */
  readonly socketPath?: string | undefined;
  /**
   * `tokens` asks everybody for one, `open` nobody. Default: `tokens` once the store has had a
   * token, else `open`. Throws `invalid_argument` for `open` beyond loopback.
   */
  readonly auth?: 'tokens' | 'open' | undefined;
  /** Names that the server is reached by, beside its own: others in `Host` are refused. */
  readonly hosts?: readonly string[] | undefined;
  /** Web pages that may call it (CORS): `https://console.example`. Default: none. */
  readonly origins?: readonly string[] | undefined;
  /** What a token may use, unless it has limits of its own. */
  readonly limits?: Partial<TokenLimits> | undefined;
  /** Of all clients together. Default 10,000. */
  readonly connectionsMax?: number | undefined;
  /** How long `drain` lets calls finish. Default 10,000. */
  readonly drainMs?: number | undefined;
  /** Default 15,000. */
  readonly keepAliveMs?: number | undefined;
  /** How long a connection may take to say hello, and a request to be sent. Default 10,000. */
  readonly helloTimeoutMs?: number | undefined;
  /** Default: none is kept. */
  readonly log?: Logger | undefined;
  /** Metrics of the process too. Default true. */
  readonly processMetrics?: boolean | undefined;
  /** Where metrics are kept. Default: a registry of the server's own. */
  readonly registry?: Registry | undefined;
  /** What answers `/metrics` in place of this process alone: see `--workers`. */
  readonly metrics?: (() => Promise<string>) | undefined;
  readonly extensions?: readonly ServerExtension[] | undefined;
  /** MCP, at `/mcp/APP` and, for the app `default`, at `/mcp`. False: not at all. */
  readonly mcp?: McpTerms | false | undefined;
  /** For tests: whose time it is, and where chance comes from. */
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export interface McpTerms {
  /** Leaves out the tools that write. Default false. */
  readonly readOnly?: boolean | undefined;
  /**
   * Sessions of clients of the 2025 protocol at once, which they need to subscribe. Default 1,000;
   * 0 where several processes share a port.
   */
  readonly sessionsMax?: number | undefined;
  /** How long a session may be idle. Default 600,000. */
  readonly sessionIdleMs?: number | undefined;
}

export interface ServeTerms {
  readonly host: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly limits: TokenLimits;
  readonly connectionsMax: number;
  readonly drainMs: number;
  readonly keepAliveMs: number;
  readonly helloTimeoutMs: number;
  readonly mcp: McpTerms | false;
  readonly clock: Clock;
  readonly random: Random;
}

export const defaultPort = 7420;

const limitsDefault: TokenLimits = {
  requestsPerSecond: Infinity,
  bytesPerSecond: Infinity,
  connections: 10_000,
  watches: 20_000,
  payloadBytes: 16 * 1024 * 1024,
};

export function serveTerms(options: ServeOptions): ServeTerms {
  const { host = '127.0.0.1', port = defaultPort } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new HoldfastError('invalid_argument', `a port is a number up to 65535, not ${port}`);
  }
  return {
    host,
    port,
    socketPath: options.socketPath,
    hosts: options.hosts ?? [],
    origins: options.origins ?? [],
    limits: { ...limitsDefault, ...options.limits },
    connectionsMax: options.connectionsMax ?? 10_000,
    drainMs: options.drainMs ?? 10_000,
    keepAliveMs: options.keepAliveMs ?? 15_000,
    helloTimeoutMs: options.helloTimeoutMs ?? 10_000,
    mcp: options.mcp ?? {},
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
}

/**
 * Whether nobody but this machine can reach an address, so that `serve` may go without tokens.
 *
 * @example
 * import { isLoopback } from 'holdfast/server';
 *
 * isLoopback('127.0.0.1'); // => true
 * isLoopback('0.0.0.0'); // => false
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
