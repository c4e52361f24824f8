export type * from './entry.ts';
export type * from './engine.ts';
export type * from './transaction.ts';
export { openEngine, registerEngine } from './registry.ts';
export type { EngineFactory, EngineOptions } from './registry.ts';
