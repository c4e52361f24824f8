/**
 * What a server tells of itself: metrics, logs, spans. No values, keys, scopes or secrets in any of
 * them but spans, which carry the names that the standard's database attributes ask for.
 */
import type { Logger } from 'pino';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { isHoldfastError } from '../../errors/index.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Ledger } from '../../ledger/index.ts';
import { ObservedLedger } from './observed-ledger.ts';
import { tellTriggers } from './trigger-metrics.ts';
import type { TriggerMetricsParts } from './trigger-metrics.ts';

export interface ObserverOptions {
  readonly registry: Registry | undefined;
  readonly processMetrics: boolean;
}

export interface ObservedRequest {
  readonly requestId: string;
  /** The id of the token; empty if none was asked for. */
  readonly token: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

export class Observer {
  readonly registry: Registry;
  readonly log: Logger;
  readonly #clock: Clock;
  readonly #sockets: Gauge;
  readonly #bytes: Counter<'direction'>;
  readonly #limited: Counter;
  readonly #refused: Counter<'code'>;
  readonly #calls: Histogram<'method' | 'outcome'>;
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #watches: Gauge;

  constructor(log: Logger, clock: Clock, options: ObserverOptions) {
    this.registry = options.registry ?? new Registry();
    this.log = log;
    this.#clock = clock;
    const registers = [this.registry];
    this.#sockets = new Gauge({
      name: 'holdfast_connections',
      help: 'WebSocket connections that are open.',
      registers,
    });
    this.#watches = new Gauge({
      name: 'holdfast_watches',
      help: 'Watches that are open.',
      registers,
    });
    this.#bytes = new Counter({
      name: 'holdfast_socket_bytes_total',
      help: 'Bytes of messages on WebSockets.',
      labelNames: ['direction'],
      registers,
    });
    this.#limited = new Counter({
      name: 'holdfast_rate_limited_total',
      help: 'Times that a token was left waiting because its share was used up.',
      registers,
    });
    this.#refused = new Counter({
      name: 'holdfast_connections_refused_total',
      help: 'Connections that were not let in, by the code of the error.',
      labelNames: ['code'],
      registers,
    });
    this.#calls = new Histogram({
      name: 'holdfast_call_duration_seconds',
      help: 'Calls of ledgers, by method and outcome: ok, conflict, or the code of an error.',
      labelNames: ['method', 'outcome'],
      buckets: secondsBuckets,
      registers,
    });
    this.#requests = new Histogram({
      name: 'holdfast_http_request_duration_seconds',
      help: 'HTTP requests, by route and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: secondsBuckets,
      registers,
    });
    if (options.processMetrics) collectDefaultMetrics({ register: this.registry });
  }

  readonly socket = {
    opened: (): void => this.#sockets.inc(),
    closed: (): void => this.#sockets.dec(),
    sent: (bytes: number): void => this.#bytes.inc({ direction: 'out' }, bytes),
    received: (bytes: number): void => this.#bytes.inc({ direction: 'in' }, bytes),
    limited: (): void => this.#limited.inc(),
  };

  /** `ledger`, each of whose calls is measured and traced. */
  observed(ledger: Ledger): Ledger {
    return new ObservedLedger(ledger, {
      clock: this.#clock,
      called: (method, outcome, seconds) => this.#calls.observe({ method, outcome }, seconds),
      watching: (by) => this.#watches.inc(by),
    });
  }

  /** Adds how far the triggers of a store are. */
  tellTriggers(parts: Omit<TriggerMetricsParts, 'registry' | 'onError'>): void {
    const onError = (error: unknown): void => this.failed(error);
    tellTriggers({ ...parts, registry: this.registry, onError });
  }

  requested(request: ObservedRequest): void {
    const { requestId, token, method, route, status, seconds } = request;
    this.#requests.observe({ method, route, status: String(status) }, seconds);
    // The route, never the path: keys and scopes may be people's data.
    const ms = Math.round(seconds * 1000);
    this.log.info({ event: 'request', requestId, token, method, route, status, ms }, 'request');
  }

  /** A connection was not let in. */
  refused(error: unknown): void {
    const code = isHoldfastError(error) ? error.code : 'internal';
    this.#refused.inc({ code });
    this.log.info({ event: 'refused', code }, 'a connection was refused');
    if (code === 'internal') this.failed(error);
  }

  /** Something failed that nobody else is told of. */
  failed(error: unknown): void {
    const code = isHoldfastError(error) ? error.code : 'internal';
    // The message of an error may name a key; its stack says where to look.
    const stack = error instanceof Error ? error.stack?.split('\n').slice(1).join('\n') : undefined;
    this.log.error({ event: 'failure', code, stack }, 'something failed');
  }
}
