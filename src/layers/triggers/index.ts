/** Handlers that run for every matching change, durably: at least once, in order per key. */
export { DeadLetters } from './dead-letters.ts';
export type { JsonMatch } from './match.ts';
export { Trigger } from './trigger.ts';
export { TriggerEvent } from './trigger-event.ts';
export type { CloudEvent, EventHead, EventParts } from './trigger-event.ts';
export type * from './trigger-options.ts';
export { triggerNames } from './stored-keys.ts';
export { TriggerRecords } from './trigger-records.ts';
export { Triggers } from './triggers.ts';
