/**
 * Several processes on one store and one port: the first one starts the others, starts anew what
 * died, and tells the metrics of all.
 *
 * The same command runs in each of them; `node:cluster` shares the port.
 */
import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import type { MetricObject, Registry } from 'prom-client';
import { systemClock } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import { deferred } from '../../internal/deferred.ts';
import type { Deferred } from '../../internal/deferred.ts';

export interface WorkersOptions {
  /** How many there are at a time: one that dies is started anew, after a second. */
  readonly count: number;
  /** Sends the workers SIGTERM, on which they should drain, and ends when they have. */
  readonly signal: AbortSignal;
  /** For tests: whose time it is. */
  readonly clock?: Clock | undefined;
}

/** A worker that dies again and again is not started more often than this. */
const restartPauseMs = 1000;
const metricsTimeoutMs = 2000;

type Message =
  | { readonly kind: 'metrics-of-all'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number }
  | { readonly kind: 'own-metrics'; readonly id: number; readonly metrics: MetricObject[] }
  | { readonly kind: 'text'; readonly id: number; readonly text: string };

/**
 * In the first process: runs the same program `count` times. Resolves when the signal has aborted
 * and every worker has ended. One call per process, for as long as it lives.
 *
 * @example
 * import cluster from 'node:cluster';
 * import { runWorkers, serve } from 'holdfast/server';
 *
 * if (cluster.isPrimary) {
 *   await runWorkers({ count: 2, signal: AbortSignal.timeout(10) });
 * } else {
 *   const server = await serve(store, { port: 7420 });
 *   process.once('SIGTERM', () => void server.drain().then(() => process.exit()));
 * }
 */
export async function runWorkers(options: WorkersOptions): Promise<void> {
  const { count, clock = systemClock, signal } = options;
  if (signal.aborted) return;
  const ended = deferred<void>();
  const gathering = new Map<
    number,
    { metrics: MetricObject[][]; left: number; done: () => void }
  >();
  let gatherings = 0;
  const gather = async (): Promise<string> => {
    gatherings += 1;
    const id = gatherings;
    const workers = Object.values(cluster.workers ?? {}).filter((one) => one !== undefined);
    const all = deferred<void>();
    const state = { metrics: [], left: workers.length, done: () => all.resolve() };
    gathering.set(id, state);
    for (const worker of workers) worker.send({ kind: 'metrics', id });
    // A worker that is busy or gone must not keep the others' metrics back.
    const late = clock.after(metricsTimeoutMs, () => all.resolve());
    await all.promise;
    late.cancel();
    gathering.delete(id);
    return AggregatorRegistry.aggregate(state.metrics).metrics();
  };
  cluster.on('message', (worker: Worker, message: Message) => {
    if (message.kind === 'metrics-of-all') {
      const { id } = message;
      void gather().then((text) => worker.send({ kind: 'text', id, text }));
    } else if (message.kind === 'own-metrics') {
      const state = gathering.get(message.id);
      state?.metrics.push(message.metrics);
      if (state !== undefined && (state.left -= 1) === 0) state.done();
    }
  });
  cluster.on('exit', () => {
    const left = Object.keys(cluster.workers ?? {}).length;
    if (signal.aborted) {
      if (left === 0) ended.resolve();
      return;
    }
    clock.after(restartPauseMs, () => {
      if (!signal.aborted) cluster.fork();
    });
  });
  for (let index = 0; index < count; index += 1) cluster.fork();
  const stop = (): void => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
    if (Object.keys(cluster.workers ?? {}).length === 0) ended.resolve();
  };
  signal.addEventListener('abort', stop, { once: true });
  await ended.promise;
}

/**
 * In a worker: the metrics of all of them, as the first process gathers them, in the text format of
 * Prometheus. For `ServeOptions.metrics`. Whoever does not answer within two seconds is left out.
 *
 * @example
 * import cluster from 'node:cluster';
 * import { serve, workerMetrics } from 'holdfast/server';
 * import { Registry } from 'prom-client';
 *
 * const registry = new Registry();
 * const metrics = cluster.isWorker ? workerMetrics(registry) : undefined;
 * await using server = await serve(store, { port: 0, registry, metrics });
 * const response = await fetch(`${server.url}/metrics`);
 * response.status; // => 200
 */
export function workerMetrics(own: Registry): () => Promise<string> {
  const waiting = new Map<number, Deferred<string>>();
  let asked = 0;
  process.on('message', (message: Message) => {
    if (message.kind === 'metrics') {
      const { id } = message;
      void own.getMetricsAsJSON().then((metrics) => {
        process.send?.({ kind: 'own-metrics', id, metrics });
      });
    } else if (message.kind === 'text') {
      waiting.get(message.id)?.resolve(message.text);
      waiting.delete(message.id);
    }
  });
  return () => {
    asked += 1;
    const answer = deferred<string>();
    waiting.set(asked, answer);
    process.send?.({ kind: 'metrics-of-all', id: asked });
    return answer.promise;
  };
}
