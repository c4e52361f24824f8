/** One operation while it is being applied, and how it fails. */
import type { HoldfastError } from '../../errors/index.ts';
import type { Segment } from '../value/index.ts';
import type { Copies } from './copies.ts';
import { operationFailed } from './operation-errors.ts';
import type { FailureReason, OperationContext } from './operation-errors.ts';
import type { CheckedOperation } from './operation.ts';

export interface Step {
  readonly operation: CheckedOperation;
  /** The operation's place in the update. */
  readonly index: number;
  readonly context: OperationContext;
  readonly copies: Copies;
}

/** `at` is where it failed, if that lies above the end of the operation's path. */
export function failed(
  step: Step,
  reason: FailureReason,
  what: string,
  at: readonly Segment[] = step.operation.path,
): HoldfastError {
  return failure(step, reason, what, at, {});
}

export function wrongType(
  step: Step,
  expected: 'array' | 'object' | 'number' | 'string',
  value: unknown,
  at: readonly Segment[] = step.operation.path,
): HoldfastError {
  const found = typeName(value);
  return failure(step, 'wrong_type', `needs ${named(expected)} but found ${named(found)}`, at, {
    expected,
    found,
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failure(
  step: Step,
  reason: FailureReason,
  what: string,
  at: readonly Segment[],
  details: Readonly<Record<string, unknown>>,
): HoldfastError {
  const { operation, index, context } = step;
  const which = { index, op: operation.op };
  return operationFailed(which, operation.path, context, { reason, what, at, details });
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function named(type: string): string {
  if (type === 'null') return type;
  return /^[ao]/.test(type) ? `an ${type}` : `a ${type}`;
}
