/** Stores in Redis. */
export { openRedisEngine } from './open.ts';
export { RedisEngine } from './redis-engine.ts';
