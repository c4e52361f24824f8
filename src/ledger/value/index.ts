export { equalJson } from './equal-json.ts';
export { faultError } from './fault.ts';
export type { Fault } from './fault.ts';
export { formatPointer, parsePointer, shownPointer } from './json-pointer.ts';
export type { Segment } from './json-pointer.ts';
export { toJsonText } from './json-text.ts';
export { StoredValue } from './stored-value.ts';
