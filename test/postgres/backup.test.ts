/** Backups of entries: from Postgres to Postgres, and to a Redis beside it. */
import { afterAll, inject } from 'vitest';
import { entryBackups } from '../e2e/entry-backups.ts';
import { missing, withServer } from '../servers/provided.ts';
import type { Provided } from '../servers/provided.ts';
import { hasRedis, RedisServer, whyNoRedis } from '../servers/redis.ts';
import { storeUrl } from './stores.ts';

const redis = hasRedis() ? await RedisServer.start() : undefined;
afterAll(() => redis?.[Symbol.asyncDispose]());
const beside: Provided =
  redis === undefined ? missing(whyNoRedis) : { kind: 'running', url: redis.url() };

withServer(inject('postgres'), 'entry backups: Postgres', (postgres) => {
  withServer(beside, 'entry backups: Postgres and Redis', (url) => {
    entryBackups('Postgres', { newStore: () => storeUrl(postgres), others: [() => url] });
  });
});
