import { inject } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { engineContract } from '../../src/testing/index.ts';
import { withServer } from '../servers/provided.ts';
import { open, storeUrl } from './stores.ts';

withServer(inject('postgres'), 'engine contract: postgres', (url) => {
  const urls = new WeakMap<Engine, string>();
  const openAt = async (at: string, options?: Partial<EngineOptions>): Promise<Engine> => {
    const engine = await open(at, options);
    urls.set(engine, at);
    return engine;
  };
  engineContract('postgres', {
    open: (options) => openAt(storeUrl(url), options),
    reopen: (engine, options) => openAt(urls.get(engine) ?? '', options),
    supports: {
      shared: true,
      persistent: true,
      injectedClock: true,
      hints: true,
      grouped: false,
      noticesLoss: true,
      faults: false,
    },
  });
});
