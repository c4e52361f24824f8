/**
 * What programs keep building out of shared state, built once: `holdfast/recipes`.
 *
 * Each is made on an app, embedded or remote, and keeps what it knows as ordinary entries.
 */
export { Cache } from './cache.ts';
export type { CacheOptions, Compute } from './cache.ts';
export { CachedScope } from './cached-scope.ts';
export type { CachedScopeOptions } from './cached-scope.ts';
export { Counter } from './counter.ts';
export type { Counted, CounterBounds } from './counter.ts';
export { Idempotency } from './idempotency.ts';
export type { IdempotencyOptions, Once, OnceOptions } from './idempotency.ts';
export { HeldLock, Locks } from './locks/locks.ts';
export type { AcquireOptions, LocksOptions } from './locks/locks.ts';
export { RateLimiter } from './rate-limiter.ts';
export type { RateLimiterOptions, RateVerdict } from './rate-limiter.ts';
export type { RecipeApp } from './recipe-app.ts';
export { SessionStore } from './session-store.ts';
export type { SessionStoreOptions } from './session-store.ts';
