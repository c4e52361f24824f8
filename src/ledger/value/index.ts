export { equalJson } from './equal-json.ts';
export { formatPointer, parsePointer } from './json-pointer.ts';
export type { Segment } from './json-pointer.ts';
export { StoredValue } from './stored-value.ts';
