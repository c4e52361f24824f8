/**
 * Applies operations to a JSON value: all of them, in order, or none.
 *
 * A1. The value that came in is never changed; the result shares with it what was not touched, and
 *     shares the values of the operations. Both are therefore to be treated as immutable.
 * A2. Pure: the same value and operations give the same result, any number of times.
 * A3. Each operation sees what the ones before it left. The first that does not apply throws
 *     `operation_failed`, naming its place in the list, its path and the reason.
 *
 * Not here: the size of the result, which whoever stores it checks.
 */
import type { Segment } from '../value/index.ts';
import { changeAtPath } from './change-at-path.ts';
import {
  bounded,
  counted,
  extended,
  inserted,
  merged,
  withMember,
  withoutChild,
  withoutMember,
} from './changes.ts';
import { Copies } from './copies.ts';
import type { OperationContext } from './operation-errors.ts';
import type { CheckedOperation, Operation } from './operation.ts';
import type { Step } from './step.ts';

const noContext: OperationContext = {};

/**
 * `operations` as `checkOperations` returned them, fresh or read back from the log. `value` is
 * undefined where there is no entry; so is the result if no operation found anything to remove.
 */
export function applyOperations(
  value: unknown,
  operations: readonly Operation[],
  context: OperationContext = noContext,
): unknown {
  const checked = operations as readonly CheckedOperation[];
  const copies = new Copies();
  let result = value;
  for (const [index, operation] of checked.entries()) {
    result = applyOne(result, { operation, index, context, copies });
  }
  return result;
}

function applyOne(value: unknown, step: Step): unknown {
  const { operation } = step;
  const reached: readonly Segment[] =
    operation.op === 'remove' ? operation.path.slice(0, -1) : operation.path;
  return changeAtPath(value, reached, step, change);
}

function change(there: unknown, step: Step): unknown {
  const { operation } = step;
  switch (operation.op) {
    case 'set':
      return operation.value;
    case 'merge':
      return merged(there, step, operation.value, operation.deep);
    case 'increment':
      return counted(there, step, operation.by);
    case 'decrement':
      return counted(there, step, -operation.by);
    case 'append':
      return extended(there, step, operation.values, 'end');
    case 'prepend':
      return extended(there, step, operation.values, 'start');
    case 'remove':
      return withoutChild(there, step);
    case 'insert':
      return inserted(there, step, operation.index, operation.value);
    case 'min':
      return bounded(there, step, operation.value, 'smaller');
    case 'max':
      return bounded(there, step, operation.value, 'larger');
    case 'addToSet':
      return withMember(there, step, operation.value);
    case 'pull':
      return withoutMember(there, step, operation.value);
  }
}
