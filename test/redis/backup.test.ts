/** Backups of entries: from Redis to Redis, to a cluster, and to a file. */
import { join } from 'node:path';
import { inject } from 'vitest';
import { entryBackups } from '../e2e/entry-backups.ts';
import { withServer } from '../servers/provided.ts';
import { newStore } from './stores.ts';

withServer(inject('redis'), 'entry backups: Redis', (redis) => {
  withServer(inject('redisCluster'), 'entry backups: a cluster', (cluster) => {
    entryBackups('Redis', {
      newStore: () => newStore(redis),
      others: [() => newStore(cluster), (folder) => `file:${join(folder, 'restored.db')}`],
    });
  });
});
