/** MCP over HTTP: handlers of standard requests, to mount wherever requests arrive. */
import { systemClock } from '../internal/clock.ts';
import type { Clock } from '../internal/clock.ts';
import { systemRandom } from '../internal/random.ts';
import type { Random } from '../internal/random.ts';
import type { Ledger } from '../ledger/index.ts';
import { exchange, isListening } from './exchange.ts';
import type { McpOptions } from './server.ts';
import { McpSessions } from './sessions.ts';
import type { SessionOwner } from './sessions.ts';
import { streamed } from './streamed.ts';

export interface McpDoorOptions {
  /**
   * Sessions of clients of the 2025 protocol at once. They can subscribe to resources only in one,
   * and do everything else without. Default 1,000; 0 where requests reach several processes.
   */
  readonly sessionsMax?: number | undefined;
  /** How long a session may be without a request and without a listener. Default 600,000. */
  readonly sessionIdleMs?: number | undefined;
  /** Bytes of a request. Default 4 MiB. */
  readonly maxRequestBytes?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly onError?: ((error: Error) => void) | undefined;
}

export interface McpHandlerOptions extends McpOptions, McpDoorOptions {
  /** Open subscription streams at once. Default 1,024. */
  readonly maxSubscriptions?: number | undefined;
}

export interface McpHandler extends AsyncDisposable {
  /**
   * Answers one request of the protocol, to whatever path it came. What is wrong with it is an
   * answer too; it does not throw. The body of a subscription goes on until either side ends it.
   *
   * @example
   * import { mcpHandler } from 'holdfast/mcp';
   *
   * await using handler = mcpHandler(app.ledger, { maxRequestBytes: 64 * 1024 });
   * const { status } = await handler.fetch(new Request('http://localhost/mcp', { method: 'PUT' }));
   * status; // => 405
   */
  fetch(request: Request): Promise<Response>;
  /**
   * Ends subscriptions, sessions and running exchanges. The ledger and its store stay open.
   *
   * @example
   * import { mcpHandler } from 'holdfast/mcp';
   *
   * const handler = mcpHandler(app.ledger);
   * await handler.close();
   */
  close(): Promise<void>;
}

/**
 * Serves the ledger to every request that is handed to it. Who may make them, from which origin,
 * is for whoever mounts it: a handler is of one principal, as its ledger is.
 *
 * @example
 * import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
 * import { mcpHandler } from 'holdfast/mcp';
 *
 * await using handler = mcpHandler(app.ledger);
 * const transport = new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), {
 *   fetch: (url, init) => handler.fetch(new Request(url, init)),
 * });
 * const client = new Client({ name: 'agent', version: '1' });
 * await client.connect(transport);
 * const entry = { scope: 'users', key: 'ada', value: 1 };
 * await client.callTool({ name: 'set', arguments: entry });
 * await app.scope('users').get('ada'); // => 1
 * await client.close();
 */
export function mcpHandler(ledger: Ledger, options: McpHandlerOptions = {}): McpHandler {
  const { maxSubscriptions, maxRequestBytes } = options;
  const { sessions, clock, onError } = parts(options);
  const shared = { ledger, options, maxSubscriptions, maxRequestBytes, clock, onError };
  const exchanges = exchange(shared);
  const close = async (): Promise<void> => {
    sessions.close();
    await exchanges.close();
  };
  return {
    async fetch(request) {
      const answered = await sessions.fetch(request, { ledger, options, id: '' });
      return answered ?? exchanges.fetch(request);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Serves many callers, each the ledger that it comes with. */
export interface McpDoor {
  /**
   * Answers one request with what its caller may see. Sessions belong to the caller's `id`: to
   * others they are not there. A stream that the request opens ends when `ended` of the caller or
   * its own signal aborts.
   *
   * @example
   * import { mcpDoor } from 'holdfast/mcp';
   *
   * const door = mcpDoor();
   * const caller = { id: 'token-1', ledger: app.ledger, options: { readOnly: true } };
   * const request = new Request('http://localhost/mcp', { method: 'PUT' });
   * const { status } = await door.fetch(request, caller);
   * status; // => 405
   * door.close();
   */
  fetch(request: Request, caller: SessionOwner): Promise<Response>;
  /**
   * Ends every session. Streams without one end with their callers.
   *
   * @example
   * import { mcpDoor } from 'holdfast/mcp';
   *
   * const door = mcpDoor({ sessionsMax: 10 });
   * door.close();
   */
  close(): void;
}

/**
 * Like `mcpHandler`, for requests of many principals: who it is, and the ledger of that one, comes
 * with each request.
 *
 * @example
 * import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
 * import { mcpDoor } from 'holdfast/mcp';
 *
 * const door = mcpDoor({ sessionsMax: 0 });
 * const caller = { id: 'token-1', ledger: app.ledger, options: {} };
 * const transport = new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), {
 *   fetch: (url, init) => door.fetch(new Request(url, init), caller),
 * });
 * const client = new Client({ name: 'agent', version: '1' });
 * await client.connect(transport);
 * const entry = { scope: 'users', key: 'ada', value: 1 };
 * await client.callTool({ name: 'set', arguments: entry });
 * await app.scope('users').get('ada'); // => 1
 * await client.close();
 * door.close();
 */
export function mcpDoor(options: McpDoorOptions = {}): McpDoor {
  const { maxRequestBytes } = options;
  const { sessions, clock, onError } = parts(options);
  return {
    async fetch(request, caller) {
      const answered = await sessions.fetch(request, caller);
      if (answered !== undefined) return answered;
      const { ledger, options: shown, ended } = caller;
      const own = exchange({
        ledger,
        options: shown,
        maxSubscriptions: undefined,
        maxRequestBytes,
        clock,
        onError,
      });
      if (!isListening(request)) return own.fetch(request);
      const leave = caller.enter?.();
      const close = (): void => void own.close().catch(onError);
      ended?.addEventListener('abort', close, { once: true });
      const over = (): void => {
        ended?.removeEventListener('abort', close);
        close();
        leave?.();
      };
      try {
        return streamed(await own.fetch(request), over);
      } catch (error) {
        over();
        throw error;
      }
    },
    close: () => sessions.close(),
  };
}

function parts(options: McpDoorOptions) {
  const { clock = systemClock, random = systemRandom, onError = ignore } = options;
  const { sessionsMax: max = 1000, sessionIdleMs: idleMs = 600_000, maxRequestBytes } = options;
  const sessions = new McpSessions({ max, idleMs, maxRequestBytes, clock, random, onError });
  return { sessions, clock, onError };
}

function ignore(): void {}
