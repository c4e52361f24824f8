/**
 * Opens `memory:` (a store of its own) and `memory:NAME` (shared by all handles of the process with
 * that name, from the first open to the last close).
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Engine } from '../engine.ts';
import type { EngineOptions } from '../registry.ts';
import { MemoryEngine } from './memory-engine.ts';
import { MemoryStore } from './store.ts';

interface SharedStore {
  readonly store: MemoryStore;
  handles: number;
}

const sharedStores = new Map<string, SharedStore>();

/** Throws `invalid_argument` for a malformed name, `store_missing` under `mustExist`. */
export async function openMemoryEngine(url: string, options: EngineOptions): Promise<Engine> {
  const name = /^memory:([A-Za-z0-9._-]{0,64})$/.exec(url)?.[1];
  if (name === undefined) {
    throw new HoldfastError(
      'invalid_argument',
      `'${url}' is not memory: or memory:NAME with a name of letters, digits, '.', '_', '-'`,
      { details: { url } },
    );
  }
  const known = name === '' ? undefined : sharedStores.get(name);
  if (known === undefined && options.mustExist) {
    throw new HoldfastError('store_missing', `no store is open as '${url}'`, { details: { url } });
  }
  const shared = known ?? { store: new MemoryStore(options.random), handles: 0 };
  if (name !== '') sharedStores.set(name, shared);
  shared.handles += 1;
  return new MemoryEngine(shared.store, options, () => {
    shared.handles -= 1;
    if (shared.handles === 0) sharedStores.delete(name);
  });
}
