/** MCP over standard input and output: the server that a desktop client starts as a process. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Transport } from '@modelcontextprotocol/server';
import { systemClock } from '../internal/clock.ts';
import type { Clock } from '../internal/clock.ts';
import type { Ledger } from '../ledger/index.ts';
import { mcpServer } from './server.ts';
import type { McpOptions } from './server.ts';
import { acceptSubscriptions } from './subscriptions.ts';
import { followUpdates } from './updates.ts';

export interface ServeMcpOptions extends McpOptions {
  /** Default: standard input and output. */
  readonly transport?: Transport | undefined;
  readonly clock?: Clock | undefined;
  /** Told of what no answer carries. */
  readonly onError?: ((error: Error) => void) | undefined;
}

export interface McpConnection extends AsyncDisposable {
  /** Resolves when the client has gone, or after `close`. */
  readonly closed: Promise<void>;
  /**
   * Lets the client go; its subscriptions end. The ledger and its store stay open.
   *
   * @example
   * import { InMemoryTransport } from '@modelcontextprotocol/server';
   * import { serveMcp } from 'holdfast/mcp';
   *
   * const [, transport] = InMemoryTransport.createLinkedPair();
   * const connection = serveMcp(app.ledger, { transport });
   * await connection.close();
   * await connection.closed;
   */
  close(): Promise<void>;
}

/**
 * Serves one client until it closes its end. Of 2025 and of 2026 clients: both subscribe to
 * resources, each in its own way. With standard input and output nothing else may write to the
 * latter: logs go to standard error.
 *
 * @example
 * import { Client } from '@modelcontextprotocol/client';
 * import { InMemoryTransport } from '@modelcontextprotocol/server';
 * import { serveMcp } from 'holdfast/mcp';
 *
 * const [near, transport] = InMemoryTransport.createLinkedPair();
 * const connection = serveMcp(app.ledger, { transport });
 * const client = new Client({ name: 'agent', version: '1' });
 * await client.connect(near);
 * const entry = { scope: 'users', key: 'ada', value: 1 };
 * await client.callTool({ name: 'set', arguments: entry });
 * await app.scope('users').get('ada'); // => 1
 * await client.close();
 * await connection.closed;
 */
export function serveMcp(ledger: Ledger, options: ServeMcpOptions = {}): McpConnection {
  const { transport, clock = systemClock, onError = ignore } = options;
  const stop = new AbortController();
  const handle = serveStdio(
    ({ era }) => {
      const server = mcpServer(ledger, options);
      const until = new AbortController();
      server.server.onclose = () => {
        until.abort();
        stop.abort();
      };
      const signal = AbortSignal.any([stop.signal, until.signal]);
      const feed = { clock, signal, onError };
      if (era === 'legacy') acceptSubscriptions(server, ledger, feed);
      else {
        // The protocol's library knows who listens to what.
        const notify = (uri: string): void => {
          server.server.sendResourceUpdated({ uri }).catch(onError);
        };
        void followUpdates(ledger, { ...feed, notify });
      }
      return server;
    },
    { ...(transport && { transport }), onerror: onError },
  );
  const closed = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const close = async (): Promise<void> => {
    stop.abort();
    await handle.close();
  };
  return { closed, close, [Symbol.asyncDispose]: close };
}

function ignore(): void {}
