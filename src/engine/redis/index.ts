/** Stores in Redis. */
export { openRedisEngine } from './open.ts';
export { RedisEngine } from './redis-engine.ts';
export { connectPlain } from './server/plain.ts';
