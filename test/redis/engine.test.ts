/** The contract of an engine, on a server and on a cluster. */
import { inject } from 'vitest';
import type { Engine } from '../../src/engine/index.ts';
import { engineContract } from '../../src/testing/index.ts';
import { withServer } from '../servers/provided.ts';
import { newStore, openEngine } from './stores.ts';

function contractOn(name: string, url: string): void {
  const urls = new WeakMap<Engine, string>();
  engineContract(name, {
    async open(options) {
      const store = newStore(url);
      const engine = await openEngine(store, options);
      urls.set(engine, store);
      return engine;
    },
    async reopen(engine, options) {
      const store = urls.get(engine) ?? '';
      const another = await openEngine(store, options);
      urls.set(another, store);
      return another;
    },
    supports: {
      shared: true,
      persistent: true,
      injectedClock: true,
      hints: true,
      grouped: false,
      faults: false,
    },
  });
}

withServer(inject('redis'), 'redis', (url) => contractOn('redis', url));
withServer(inject('redisCluster'), 'redis cluster', (url) => contractOn('redis cluster', url));
