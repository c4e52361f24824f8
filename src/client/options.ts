/** What a client is opened with. Times are milliseconds, as their names say. */
import { HoldfastError } from '../errors/index.ts';
import type { Clock } from '../internal/clock.ts';
import { systemClock } from '../internal/clock.ts';
import type { Random } from '../internal/random.ts';
import { systemRandom } from '../internal/random.ts';
import type { OpenSocket } from './socket.ts';
import { openPlatformSocket } from './socket.ts';

export interface ClientOptions {
  /** Of the server, or minted from one by `mintWorkerToken`. */
  readonly token?: string | undefined;
  /** How long a call may take, waiting for a connection and repeats included. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** How long one attempt to connect may take. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** The longest pause between two attempts to connect. Default 5,000. */
  readonly backoffMs?: number | undefined;
  /** How many pages a watch has sent ahead of its reader. Default 4. */
  readonly watchWindow?: number | undefined;
  /** Extensions of the protocol that this program speaks: see `RemoteSource.channel`. */
  readonly extensions?: readonly string[] | undefined;
  /** Closes the client. */
  readonly signal?: AbortSignal | undefined;
  /** Told when the connection is made, and when it is lost or cannot be made, and why. */
  readonly onConnection?: ((state: ConnectionState) => void) | undefined;
  /**
   * How long this process counts as alive, so that nobody takes over the runs it owns, after its
   * last heartbeat. Default 10,000.
   */
  readonly memberTtlMs?: number | undefined;
  /** In place of the platform's WebSocket: a Unix socket, a proxy, a test. */
  readonly openSocket?: OpenSocket | undefined;
  /** For tests: whose time it is. */
  readonly clock?: Clock | undefined;
  /** For tests: where chance comes from. */
  readonly random?: Random | undefined;
}

export type ConnectionState =
  | { readonly kind: 'connected'; readonly server: string }
  | { readonly kind: 'offline'; readonly error: unknown };

/** The options with nothing left out. */
export interface ClientTerms {
  readonly url: string;
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly backoffMs: number;
  readonly watchWindow: number;
  readonly signal: AbortSignal | undefined;
  readonly onConnection: (state: ConnectionState) => void;
  readonly openSocket: OpenSocket;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The options with what is taken where they leave something out, for `RemoteSource.open`. Connects
 * to nothing. Throws `invalid_argument` for a URL that is none, or holds a token.
 *
 * @example
 * import { clientTerms } from 'holdfast/client';
 *
 * const { url, timeoutMs } = clientTerms('https://state.example', { timeoutMs: 5000 });
 * url; // => 'wss://state.example/v1/socket'
 * timeoutMs; // => 5000
 */
export function clientTerms(url: string, options: ClientOptions = {}): ClientTerms {
  return {
    url: socketUrl(url),
    token: options.token,
    timeoutMs: options.timeoutMs ?? 30_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    backoffMs: options.backoffMs ?? 5000,
    watchWindow: options.watchWindow ?? 4,
    signal: options.signal,
    onConnection: options.onConnection ?? (() => undefined),
    openSocket: options.openSocket ?? openPlatformSocket,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
}

const socketSchemes: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};

/** Where the server's WebSocket is, for any of its URLs. */
function socketUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url === undefined ? undefined : socketSchemes[url.protocol];
  if (url === undefined || scheme === undefined) {
    throw new HoldfastError('invalid_argument', `'${text}' is no http:, https:, ws: or wss: URL`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new HoldfastError('invalid_argument', 'a token belongs into `token`, not into the URL');
  }
  const path = url.pathname.replace(/\/+$/, '');
  return `${scheme}//${url.host}${path}/v1/socket`;
}
