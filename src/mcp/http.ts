/** MCP over HTTP: a handler of standard requests, to mount wherever requests arrive. */
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { ServerEvent, ServerEventBus } from '@modelcontextprotocol/server';
import { systemClock } from '../internal/clock.ts';
import type { Clock } from '../internal/clock.ts';
import type { Ledger } from '../ledger/index.ts';
import { mcpServer } from './server.ts';
import type { McpOptions } from './server.ts';
import { followUpdates } from './updates.ts';

export interface McpHandlerOptions extends McpOptions {
  /** Open subscription streams at once. Default 1,024. */
  readonly maxSubscriptions?: number | undefined;
  /** Bytes of a request. Default 4 MiB. */
  readonly maxRequestBytes?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly onError?: ((error: Error) => void) | undefined;
}

export interface McpHandler {
  fetch(request: Request): Promise<Response>;
  /** Ends subscriptions and running exchanges. */
  close(): Promise<void>;
}

/**
 * Serves the ledger to every request that is handed to it. Who may make them, from which origin,
 * is for whoever mounts it: a handler is of one principal, as its ledger is.
 */
export function mcpHandler(ledger: Ledger, options: McpHandlerOptions = {}): McpHandler {
  const { maxSubscriptions, maxRequestBytes, onError } = options;
  const bus = new UpdateBus(ledger, options);
  const handler = createMcpHandler(() => mcpServer(ledger, options), {
    bus,
    ...(onError && { onerror: onError }),
    ...(maxSubscriptions !== undefined && { maxSubscriptions }),
    ...(maxRequestBytes !== undefined && { maxRequestBodySize: maxRequestBytes }),
  });
  return {
    fetch: (request) => handler.fetch(request),
    async close() {
      bus.close();
      await handler.close();
    },
  };
}

/** Watches the ledger as long as anybody listens. */
class UpdateBus implements ServerEventBus {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  readonly #listeners = new Set<(event: ServerEvent) => void>();
  #watch: AbortController | undefined;

  constructor(ledger: Ledger, { clock, onError }: McpHandlerOptions) {
    this.#ledger = ledger;
    this.#clock = clock ?? systemClock;
    this.#onError = onError ?? ignore;
  }

  publish(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    this.#watch ??= this.#follow();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    this.#watch?.abort();
    this.#watch = undefined;
  }

  #follow(): AbortController {
    const watch = new AbortController();
    const notify = (uri: string): void => this.publish({ kind: 'resource_updated', uri });
    const life = { clock: this.#clock, signal: watch.signal };
    void followUpdates(this.#ledger, notify, this.#onError, life);
    return watch;
  }
}

function ignore(): void {}
