export { errorTable } from './error-table.ts';
export type { ErrorCode, ErrorRow, Outcome } from './error-table.ts';
export { HoldfastError, isHoldfastError } from './holdfast-error.ts';
export type { ErrorDetails, HoldfastErrorOptions } from './holdfast-error.ts';
