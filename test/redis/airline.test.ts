/** The airline on Redis: only the URL is another. */
import { describe, inject } from 'vitest';
import { airlineOfTwo } from '../e2e/airline-of-two.ts';
import { withServer } from '../servers/provided.ts';
import { newStore } from './stores.ts';

const kinds = { redis: inject('redis'), 'redis cluster': inject('redisCluster') };
for (const [name, provided] of Object.entries(kinds)) {
  withServer(provided, name, (url) => describe(name, () => airlineOfTwo(() => newStore(url))));
}
