export { applyOperations } from './apply-operations.ts';
export { checkOperations } from './check-operations.ts';
export type { OperationContext } from './operation-errors.ts';
export type { CheckedOperation, Operation, OperationName, OperationPath } from './operation.ts';
