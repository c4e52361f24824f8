/** A config file becomes a store. */
import { registerEngine } from '../engine/index.ts';
import type { EngineFactory } from '../engine/index.ts';
import type { Config } from '../config/index.ts';
import { HoldfastError } from '../errors/index.ts';
import { open } from './open.ts';
import type { OpenOptions } from './options.ts';
import type { Store } from './store.ts';

/**
 * Opens the store that a config names, with the rules of its apps. `more` adds what no file can
 * hold, such as listeners. An engine that is named as a module is loaded first: its `openEngine`
 * (an `EngineFactory`) serves the scheme of the url.
 *
 * @example
 * await using other = await openConfig({ store: { url: 'memory:' }, apps: { shop: {} } });
 * await other.app('shop').scope('users').set('ada', 1);
 */
export async function openConfig(config: Config, more: OpenOptions = {}): Promise<Store> {
  // Loaded when it is needed, with the libraries that read and judge files.
  const { storeSettings } = await import('../config/index.ts');
  const { url, engine, options } = storeSettings(config);
  if (engine !== undefined) registerEngine(schemeOf(url), await factoryOf(engine));
  return open(url, { ...options, ...more });
}

function schemeOf(url: string): string {
  return url.slice(0, Math.max(0, url.indexOf(':')));
}

async function factoryOf(module: string): Promise<EngineFactory> {
  let loaded: { readonly openEngine?: unknown };
  try {
    loaded = (await import(module)) as typeof loaded;
  } catch (cause) {
    throw new HoldfastError('invalid_config', `store.engine: ${(cause as Error).message}`, {
      cause,
      details: { module },
    });
  }
  if (typeof loaded.openEngine === 'function') return loaded.openEngine as EngineFactory;
  const message = `store.engine: ${module} exports no function openEngine`;
  throw new HoldfastError('invalid_config', message, { details: { module } });
}
