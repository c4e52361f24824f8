/** `serve`: a server over the store, in one process or several, until it is told to stop. */
import cluster from 'node:cluster';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { runWorkers, serve, workerMetrics } from '../../../server/index.ts';
import type { Server, ServeOptions } from '../../../server/index.ts';
import { open } from '../../../store/index.ts';
import type { Context } from '../../context.ts';
import { usageError } from '../../failure.ts';
import { isServerUrl, storeUrl } from '../../store.ts';

export interface ServeCommandOptions {
  readonly host: string;
  readonly port: number;
  readonly socket?: string | undefined;
  readonly workers: number;
  readonly auth?: 'tokens' | 'open' | undefined;
  readonly origin?: readonly string[] | undefined;
  readonly hostname?: readonly string[] | undefined;
  readonly log: string;
}

export async function serveStore(context: Context, options: ServeCommandOptions): Promise<void> {
  const url = storeUrl(context.options.store);
  if (isServerUrl(url)) throw usageError('a server cannot serve what another server serves');
  if (options.workers > 1 && url.startsWith('memory:')) {
    throw usageError('a store in memory belongs to one process; leave --workers out');
  }
  if (options.workers > 1 && cluster.isPrimary) {
    await runWorkers({ count: options.workers, clock: context.clock, signal: context.signal });
    context.signal.throwIfAborted();
    return;
  }
  const log = logger(options.log);
  await using store = await open(url, {
    onBackgroundError: (error) => log.error({ event: 'background', error: String(error) }),
  });
  const server = await serve(store, serveOptions(options, log));
  tell(context, server, url);
  await stopped(context.signal);
  log.info({ event: 'drain' }, 'draining');
  await server.drain();
  context.signal.throwIfAborted();
}

function serveOptions(options: ServeCommandOptions, log: Logger): ServeOptions {
  const { host, port, socket: socketPath, auth, origin: origins, hostname: hosts } = options;
  const registry = new Registry();
  const metrics = cluster.isWorker ? workerMetrics(registry) : undefined;
  return { host, port, socketPath, auth, origins, hosts, log, registry, metrics };
}

function logger(level: string): Logger {
  if (!(level in pino.levels.values) && level !== 'silent') {
    throw usageError(`'${level}' is no level of the log`);
  }
  // To standard error, so that what was asked for stays alone on standard output.
  return pino({ level, base: { pid: process.pid } }, pino.destination({ dest: 2, sync: false }));
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
