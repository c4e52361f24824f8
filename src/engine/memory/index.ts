export { MemoryEngine } from './memory-engine.ts';
export { openMemoryEngine } from './open.ts';
