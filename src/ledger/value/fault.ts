/** What is wrong with a value that is refused, and where in it. */
import { HoldfastError } from '../../errors/index.ts';
import type { ErrorDetails } from '../../errors/index.ts';
import { shownPointer } from './json-pointer.ts';
import type { Segment } from './json-pointer.ts';

export type FaultReason =
  | 'undefined'
  | 'hole'
  | 'function'
  | 'symbol'
  | 'bigint'
  | 'not_finite'
  | 'unsafe_integer'
  | 'lone_surrogate'
  | 'class_instance'
  | 'cycle'
  | 'accessor'
  | 'to_json'
  | 'symbol_key'
  | 'proto_key'
  | 'extra_property'
  | 'malformed_json'
  | 'depth'
  | 'size';

export interface Fault {
  readonly reason: FaultReason;
  /** What the culprit is, as the end of a sentence that begins with its place. */
  readonly what: string;
  /** From the culprit up to the root: each level adds its own segment on the way out. */
  readonly upward: Segment[];
}

export function fault(reason: FaultReason, what: string): Fault {
  return { reason, what, upward: [] };
}

/** The fault, seen from one level further up. */
export function within(found: Fault, segment: Segment): Fault {
  found.upward.push(segment);
  return found;
}

export function faultPath(found: Fault): string {
  return shownPointer(found.upward.toReversed());
}

/** Whether the value is too deep or too large rather than not JSON. */
export function isLimit(found: Fault): boolean {
  return found.reason === 'depth' || found.reason === 'size';
}

/** `subject` begins the message: 'the value', 'operation 2 (set): its value'. */
export function faultError(found: Fault, subject: string, details: ErrorDetails): HoldfastError {
  const path = faultPath(found);
  const place = path === '' ? subject : `${subject} at ${path}`;
  return new HoldfastError(
    isLimit(found) ? 'limit_exceeded' : 'invalid_value',
    `${place} ${found.what}`,
    { details: { ...details, path, reason: found.reason } },
  );
}
