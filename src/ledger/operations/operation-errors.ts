/** How an operation says that it is malformed, too large, or does not fit what is there. */
import { HoldfastError } from '../../errors/index.ts';
import type { ErrorCode, ErrorDetails } from '../../errors/index.ts';
import { shownPointer } from '../value/index.ts';
import type { Segment } from '../value/index.ts';
import type { OperationName } from './operation.ts';

/** Which operation of an update is meant. */
export interface Which {
  readonly index: number;
  readonly op: OperationName;
}

/** Where the update is going, for the message. */
export interface OperationContext {
  readonly scope?: string | undefined;
  readonly key?: string | undefined;
}

export type FailureReason =
  | 'wrong_type'
  | 'missing_parent'
  | 'not_an_index'
  | 'index_out_of_range'
  | 'overflow';

export interface Failure {
  readonly reason: FailureReason;
  /** Ends the sentence 'operation 0 (set) at /a …'. */
  readonly what: string;
  /** The place where it failed, which may lie above the operation's path. */
  readonly at: readonly Segment[];
  readonly details?: ErrorDetails;
}

/** How much of an unknown name a message repeats. */
const shownChars = 40;

export function nameOf({ index, op }: Which): string {
  return `operation ${index} (${op})`;
}

/** A text from the caller, of bounded length, as a message may repeat it. */
export function shown(text: string): string {
  const cut = text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
  return JSON.stringify(cut.toWellFormed());
}

export function invalidOperation(
  which: Which,
  reason: string,
  what: string,
  more: ErrorDetails = {},
): HoldfastError {
  return refused('invalid_operation', which, reason, what, more);
}

export function overLimit(
  which: Which,
  reason: string,
  what: string,
  limit: number,
): HoldfastError {
  return refused('limit_exceeded', which, reason, `${what}; at most ${limit}`, { limit });
}

export function operationFailed(
  which: Which,
  path: readonly Segment[],
  context: OperationContext,
  failure: Failure,
): HoldfastError {
  const { reason, what, at } = failure;
  const pointer = shownPointer(path);
  const place = shownPointer(at);
  const there = place === pointer ? '' : ` (at ${place === '' ? 'the root' : place})`;
  const of = context.key === undefined ? '' : ` of '${context.key}' in '${context.scope ?? ''}'`;
  const target = `${nameOf(which)} at ${pointer === '' ? 'the root' : pointer}${of}`;
  return new HoldfastError('operation_failed', `${target} ${what}${there}`, {
    details: {
      index: which.index,
      op: which.op,
      path: pointer,
      at: place,
      reason,
      ...failure.details,
      ...(context.key === undefined ? {} : { scope: context.scope, key: context.key }),
    },
  });
}

function refused(
  code: ErrorCode,
  which: Which,
  reason: string,
  what: string,
  more: ErrorDetails,
): HoldfastError {
  const { index, op } = which;
  return new HoldfastError(code, `${nameOf(which)} ${what}`, {
    details: { index, op, reason, ...more },
  });
}
