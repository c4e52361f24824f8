/** Functional updates: the door of this room. */
export { FunctionalUpdates } from './functional-updates.ts';
export type { FunctionalUpdatesOptions } from './functional-updates.ts';
export type { FunctionalUpdateOptions, FunctionalUpdateResult, UpdateFunction } from './step.ts';
