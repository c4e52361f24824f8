/** The front door: a URL becomes a store. */
import { openEngine, registerEngine } from '../engine/index.ts';
import type { EngineOptions, EngineStats } from '../engine/index.ts';
import { openMemoryEngine } from '../engine/memory/index.ts';
import { HoldfastError } from '../errors/index.ts';
import { openLedgers } from '../ledger/index.ts';
import type { AppOptions, LedgersOptions } from '../ledger/index.ts';
import {
  checkOpenOptions,
  clientOptionsOf,
  defined,
  durabilities,
  engineOptionsOf,
} from './options.ts';
import type { OpenConfig, OpenOptions } from './options.ts';
import { Store } from './store.ts';

registerEngine('memory', openMemoryEngine);
registerEngine('file', async (url, options) => {
  // Loaded when it is needed: memory stores need no SQLite, nor what the runtime says of it.
  const { openSqliteEngine } = await import('../engine/sqlite/index.ts');
  return openSqliteEngine(url, options);
});
for (const scheme of ['redis', 'rediss', 'redis+cluster', 'rediss+cluster']) {
  registerEngine(scheme, async (url, options) => {
    const { openRedisEngine } = await import('../engine/redis/index.ts');
    return openRedisEngine(url, options);
  });
}
for (const scheme of ['postgres', 'postgresql']) {
  registerEngine(scheme, async (url, options) => {
    const { openPostgresEngine } = await import('../engine/postgres/index.ts');
    return openPostgresEngine(url, options);
  });
}

/**
 * Opens a store: `memory:` (this process, gone with it), `memory:NAME` (shared in this process),
 * `file:PATH` (one SQLite file, made if missing, shared by processes),
 * `postgres://USER@HOST:PORT/DATABASE?schema=NAME` (a schema of a database; needs the package `pg`),
 * `redis://HOST:PORT` or `redis+cluster://HOST:PORT,HOST:PORT` (shared by machines too), a scheme
 * of `registerEngine`, or the URL of a server (`http://`, `https://`, `ws://`, `wss://`, with a
 * `token` where it asks for one).
 *
 * Throws `invalid_argument` for options that do not exist (and says which does), `unsupported` for
 * an unknown scheme, `durability_unavailable` if the engine is weaker than `durability`, and
 * `store_missing`, `store_foreign`, `store_newer`, `store_corrupt` or `store_locked` for the file
 * or schema; `unavailable` for a server that does not answer.
 *
 * @example
 * await using other = await open('memory:', { quota: { entries: 1000 } });
 * await other.scope('users').set('ada', { name: 'Ada' });
 * await other.scope('users').get('ada'); // => { name: 'Ada' }
 */
export function open(url: string, options?: OpenOptions): Promise<Store>;
export function open(config: OpenConfig): Promise<Store>;
export async function open(where: string | OpenConfig, given: OpenOptions = {}): Promise<Store> {
  const { url, options } = separated(where, given);
  checkOpenOptions(options);
  if (/^(https?|wss?):/.test(url)) return openRemote(url, options);
  const engineOptions = engineOptionsOf(options);
  const engine = await openEngine(url, engineOptions);
  try {
    checkDurability(engine, options.durability);
  } catch (error) {
    await engine.close();
    throw error;
  }
  const ledgers = openLedgers(engine, ledgersOptionsOf(options, engineOptions));
  const { clock, random } = engineOptions;
  return new Store(url, ledgers, { clock, random, memberTtlMs: options.memberTtlMs });
}

function separated(
  where: string | OpenConfig,
  given: OpenOptions,
): { url: string; options: OpenOptions } {
  if (typeof where === 'string') return { url: where, options: given };
  const { url, ...options } = where;
  if (typeof url === 'string') return { url, options };
  throw new HoldfastError('invalid_argument', `open needs a url, as in { url: 'file:./state.db' }`);
}

async function openRemote(url: string, options: OpenOptions): Promise<Store> {
  // Loaded when it is needed, as engines are.
  const client = await import('../client/index.ts');
  const { openNodeSocket: openSocket } = await import('./node-socket.ts');
  const store = await client.open(url, { openSocket, ...clientOptionsOf(options) });
  try {
    if (options.durability !== undefined) {
      checkDurability(await store.source.stats(), options.durability);
    }
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

function ledgersOptionsOf(options: OpenOptions, engineOptions: EngineOptions): LedgersOptions {
  const { clock, random } = engineOptions;
  const { maxValueBytes, flushMs, resolveTimeoutMs, quota, scopes } = options;
  const { onQuotaWarning, onBackgroundError } = options;
  const apps: Record<string, AppOptions> = Object.create(null) as Record<string, AppOptions>;
  for (const [name, app] of Object.entries(options.apps ?? {})) {
    apps[name] = { ...app, retention: defined(app.retention) };
  }
  return {
    clock,
    random,
    maxValueBytes,
    flushMs,
    resolveTimeoutMs,
    sweepMs: options.readOnly === true ? 0 : options.sweepMs,
    retention: defined(options.retention),
    app: { quota, scopes },
    apps,
    onQuotaWarning,
    onBackgroundError,
  };
}

type Given = Pick<EngineStats, 'scheme' | 'durability'>;

function checkDurability(engine: Given, demanded: OpenOptions['durability']): void {
  const weakest = demanded ?? 'none';
  if (durabilities.indexOf(engine.durability) >= durabilities.indexOf(weakest)) return;
  throw new HoldfastError(
    'durability_unavailable',
    `${engine.scheme}: gives durability '${engine.durability}'; '${weakest}' is demanded`,
    { details: { demanded: weakest, given: engine.durability, scheme: engine.scheme } },
  );
}
