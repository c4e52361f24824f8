/** The reference and the judge of histories, on a server and on a cluster. */
import { inject } from 'vitest';
import { openRedisEngine } from '../../src/engine/redis/index.ts';
import { historySuite } from '../model/history/history-suite.ts';
import { modelSuite } from '../model/model-suite.ts';
import { withServer } from '../servers/provided.ts';
import { newStore } from './stores.ts';

function suitesOn(name: string, server: string): void {
  modelSuite(
    name,
    (_number, options) => {
      const url = newStore(server);
      return () => openRedisEngine(url, { ...options, busyTimeoutMs: 5000 });
    },
    12,
  );
  const urls = new Map<string, string>();
  historySuite(
    name,
    (store, options) => {
      const url = urls.get(store) ?? newStore(server);
      urls.set(store, url);
      return openRedisEngine(url, options);
    },
    2,
  );
}

withServer(inject('redis'), 'redis', (url) => suitesOn('redis', url));
withServer(inject('redisCluster'), 'redis cluster', (url) => suitesOn('redis cluster', url));
