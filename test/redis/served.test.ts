/** A server on Redis, as a client sees it. */
import { inject } from 'vitest';
import { openRedisEngine } from '../../src/engine/redis/index.ts';
import { servedSuites } from '../contract/served-suites.ts';
import { withServer } from '../servers/provided.ts';
import { newStore } from './stores.ts';

withServer(inject('redis'), 'redis', (server) => {
  servedSuites('redis', {
    open: openRedisEngine,
    newUrl: () => newStore(server),
    timeoutMs: 120_000,
  });
});
