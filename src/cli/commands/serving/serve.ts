/** `serve`: a server over the store, in one process or several, until it is told to stop. */
import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Config } from '../../../config/index.ts';
import { runWorkers, serve, workerMetrics } from '../../../server/index.ts';
import type { Server, ServeOptions } from '../../../server/index.ts';
import { openConfig } from '../../../store/index.ts';
import type { Store } from '../../../store/index.ts';
import type { Context } from '../../context.ts';
import { reloadOnHangup } from './reload.ts';
import { servingTerms } from './terms.ts';
import type { ServeCommandOptions, ServingTerms } from './terms.ts';

/** How long turns of sessions may take to finish; the server's own default for calls. */
const drainMs = 10_000;

export async function serveStore(context: Context, flags: ServeCommandOptions): Promise<void> {
  const terms = await servingTerms(context, flags);
  const { workers } = terms.settings;
  if (workers > 1 && cluster.isPrimary) {
    if (terms.file !== undefined) passHangupsOn();
    await runWorkers({ count: workers, clock: context.clock, signal: context.signal });
    context.signal.throwIfAborted();
    return;
  }
  const log = logger(terms.settings.logLevel);
  await using store = await openConfig(terms.config, {
    onBackgroundError: (error) => log.error({ event: 'background', error: String(error) }),
  });
  await using triggers = await configuredTriggers(store, terms.config, log);
  const sessions = await sessionHosts(store, terms);
  const extensions = sessions === undefined ? [] : [sessions.extension];
  const server = await serve(store, { ...serveOptions(terms, log), extensions });
  const { file, config } = terms;
  const keepsLevel = flags.log !== undefined;
  const parts = { config, log, keepsLevel, store, triggers };
  const stopListening = file === undefined ? undefined : reloadOnHangup({ ...parts, file });
  tell(context, server, store.url);
  await stopped(context.signal);
  stopListening?.();
  log.info({ event: 'drain' }, 'draining');
  await sessions?.close({ finishMs: terms.settings.options.drainMs ?? drainMs });
  await server.drain();
  // The channel to the first process would keep this one alive for ever.
  if (cluster.isWorker) process.disconnect();
  context.signal.throwIfAborted();
}

async function configuredTriggers(store: Store, config: Config, log: Logger) {
  const { ConfiguredTriggers } = await import('../../../webhooks/index.ts');
  const triggers = new ConfiguredTriggers(store, {
    onError: (error, at) => log.warn({ event: 'trigger', ...at, error: String(error) }),
  });
  await triggers.apply(config);
  return triggers;
}

async function sessionHosts(store: Store, { settings }: ServingTerms) {
  if (settings.sessions === false) return undefined;
  const { SessionHosts } = await import('../../../sessions/index.ts');
  return new SessionHosts(store, settings.sessions);
}

function serveOptions({ settings }: ServingTerms, log: Logger): ServeOptions {
  const registry = new Registry();
  const metrics = cluster.isWorker ? workerMetrics(registry) : undefined;
  return { ...settings.options, log, registry, metrics };
}

/** To standard error, so that what was asked for stays alone on standard output. */
function logger(level: string): Logger {
  return pino({ level, base: { pid: process.pid } }, pino.destination({ dest: 2, sync: false }));
}

/** To workers that serve; one that is still starting would die of it, and is told when it does. */
function passHangupsOn(): void {
  const serving = new Set<number>();
  const late = new Set<number>();
  const pass = (worker: Worker): void => {
    if (serving.has(worker.id)) worker.process.kill('SIGHUP');
    else late.add(worker.id);
  };
  cluster.on('message', (worker, message: { kind?: unknown }) => {
    if (message.kind !== 'serving') return;
    serving.add(worker.id);
    if (late.delete(worker.id)) pass(worker);
  });
  process.on('SIGHUP', () => {
    for (const worker of Object.values(cluster.workers ?? {})) if (worker) pass(worker);
  });
}

function tell(context: Context, server: Server, url: string): void {
  if (cluster.isWorker) {
    process.send?.({ kind: 'serving', url: server.url });
    if (cluster.worker?.id !== 1) return;
  }
  const asks = server.auth === 'tokens' ? 'asks for tokens' : 'asks for no token';
  const line = context.isJson
    ? JSON.stringify({ serving: url, url: server.url, auth: server.auth })
    : `serving ${url} on ${server.url} (${asks}); Ctrl-C ends`;
  process.stdout.write(`${line}\n`);
}

/** A server's own sockets keep the process alive meanwhile. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
