/**
 * The one error class. What happened, to which key, what to do, and whether it may have been
 * applied.
 *
 * Recognise it with `isHoldfastError`, not `instanceof`: the brand survives two installed copies
 * and the wire.
 */
import { errorTable } from './error-table.ts';
import type { ErrorCode, Outcome } from './error-table.ts';

export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface HoldfastErrorOptions {
  /** Machine-readable facts: the scope, the key, the path, the limit. Plain JSON. */
  readonly details?: ErrorDetails | undefined;
  readonly cause?: unknown;
  /** Overrides the table where the place of failure knows better. */
  readonly outcome?: Outcome | undefined;
}

const brand = Symbol.for('holdfast.error');

export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** `not-applied`: nothing changed. `unknown`: it may have been applied. */
  readonly outcome: Outcome;
  /** Whether the same call, unchanged, can succeed later. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.outcome = options.outcome ?? errorTable[code].outcome;
    this.retryable = errorTable[code].retryable;
  }

  /**
   * What crosses the wire and goes into logs: no stack, no cause.
   *
   * @example
   * const failed: unknown = await scope.set('', 1).catch((error: unknown) => error);
   * const told = isHoldfastError(failed) ? failed.toJSON() : undefined;
   * told; // => { code: 'invalid_name', outcome: 'not-applied' }
   */
  toJSON(): { code: ErrorCode; message: string; details: ErrorDetails; outcome: Outcome } {
    return { code: this.code, message: this.message, details: this.details, outcome: this.outcome };
  }
}

/**
 * Whether `error` is a HoldfastError, of `code` if one is given.
 *
 * @example
 * const failed: unknown = await scope.set('', 1).catch((error: unknown) => error);
 * isHoldfastError(failed, 'invalid_name'); // => true
 * isHoldfastError(failed, 'busy'); // => false
 */
export function isHoldfastError(error: unknown, code?: ErrorCode): error is HoldfastError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || (error as HoldfastError).code === code;
}
