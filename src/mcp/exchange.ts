/** The exchanges of one caller: every request that belongs to no session. */
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { ServerEvent, ServerEventBus } from '@modelcontextprotocol/server';
import type { Clock } from '../internal/clock.ts';
import type { Ledger, Position } from '../ledger/index.ts';
import { mcpServer } from './server.ts';
import type { McpOptions } from './server.ts';
import { followUpdates } from './updates.ts';

export interface ExchangeParts {
  readonly ledger: Ledger;
  readonly options: McpOptions;
  readonly maxSubscriptions: number | undefined;
  readonly maxRequestBytes: number | undefined;
  readonly clock: Clock;
  readonly onError: (error: Error) => void;
}

export interface Exchange {
  fetch(request: Request): Promise<Response>;
  /** Ends what runs, subscriptions too. */
  close(): Promise<void>;
}

/** Whether a request of the 2026 protocol opens a stream of what changes. */
export function isListening(request: Request): boolean {
  return request.headers.get('mcp-method') === 'subscriptions/listen';
}

export function exchange(parts: ExchangeParts): Exchange {
  const { ledger, options, maxSubscriptions, maxRequestBytes, onError } = parts;
  const bus = new UpdateBus(parts);
  const handler = createMcpHandler(() => mcpServer(ledger, options), {
    bus,
    onerror: onError,
    ...(maxSubscriptions !== undefined && { maxSubscriptions }),
    ...(maxRequestBytes !== undefined && { maxRequestBodySize: maxRequestBytes }),
  });
  return {
    async fetch(request) {
      if (isListening(request)) await bus.ready();
      return handler.fetch(request);
    },
    async close() {
      bus.close();
      await handler.close();
    },
  };
}

/** Watches the ledger as long as anybody listens. */
class UpdateBus implements ServerEventBus {
  readonly #parts: ExchangeParts;
  readonly #listeners = new Set<(event: ServerEvent) => void>();
  #watch: AbortController | undefined;
  #after: Position | undefined;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** What is committed once this has resolved will be told to whoever subscribes then. */
  async ready(): Promise<void> {
    if (this.#watch === undefined) this.#after = (await this.#parts.ledger.head()).position;
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
    const { ledger, clock, onError } = this.#parts;
    const watch = new AbortController();
    void followUpdates(ledger, {
      notify: (uri) => this.publish({ kind: 'resource_updated', uri }),
      onError,
      clock,
      signal: watch.signal,
      after: this.#after,
    });
    return watch;
  }
}
