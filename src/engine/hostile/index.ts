export { noFaults } from './faults.ts';
export type { HostileFaults } from './faults.ts';
export { HostileEngine } from './hostile-engine.ts';
export { openHostileEngine } from './open.ts';
