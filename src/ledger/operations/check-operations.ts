/**
 * The door for operations: what comes from outside becomes a list that can be applied any number of
 * times, whatever its sender does to it later.
 *
 * D1. Every value in it follows the rules of stored values, and is a copy of the caller's.
 * D2. No path and no merged member can reach a prototype.
 * D3. The depth of a result is bounded here: a path and the value put there are measured together.
 * D4. Checking twice changes nothing.
 */
import { HoldfastError } from '../../errors/index.ts';
import { utf8Length } from '../../internal/bytes.ts';
import { limits } from '../limits.ts';
import { faultError, shownPointer, toJsonText } from '../value/index.ts';
import type { Segment } from '../value/index.ts';
import { checkPath, indexFrom, isForbiddenName, maxIndex } from './check-path.ts';
import { invalidOperation, nameOf, overLimit, shown } from './operation-errors.ts';
import type { Which } from './operation-errors.ts';
import type { CheckedOperation, OperationName } from './operation.ts';

/** What each operation may hold beside `op` and `path`. */
const fieldsOf: Readonly<Record<OperationName, readonly string[]>> = {
  set: ['value'],
  merge: ['value', 'deep'],
  increment: ['by'],
  decrement: ['by'],
  append: ['value', 'values'],
  prepend: ['value', 'values'],
  remove: [],
  insert: ['value', 'index'],
  min: ['value'],
  max: ['value'],
  addToSet: ['value'],
  pull: ['value'],
};

/** An operation on its way in. */
interface Given extends Which {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly path: readonly Segment[];
  readonly maxBytes: number;
}

/** `maxBytes` bounds each value; the result has its own limit, when it is stored. */
export function checkOperations(
  operations: unknown,
  maxBytes: number = limits.valueBytesMax,
): CheckedOperation[] {
  if (!Array.isArray(operations) || operations.length === 0) {
    const message = 'an update needs a list of at least one operation';
    throw new HoldfastError('invalid_operation', message, { details: { reason: 'no_list' } });
  }
  const limit = limits.operationsPerUpdate;
  const { length } = operations;
  if (length > limit) {
    throw new HoldfastError(
      'limit_exceeded',
      `an update of ${length} operations; at most ${limit}`,
      {
        details: { reason: 'operations', operations: length, limit },
      },
    );
  }
  const checked: CheckedOperation[] = [];
  for (let index = 0; index < length; index += 1) {
    checked.push(checkOperation(readGiven(operations[index], index, maxBytes)));
  }
  return checked;
}

function readGiven(operation: unknown, index: number, maxBytes: number): Given {
  if (typeof operation !== 'object' || operation === null || Array.isArray(operation)) {
    throw malformed(index, 'is no object', 'not_an_object');
  }
  const fields = operation as Readonly<Record<string, unknown>>;
  const name = fields['op'];
  if (typeof name !== 'string') throw malformed(index, "names no 'op'", 'no_name');
  if (!Object.hasOwn(fieldsOf, name)) {
    throw malformed(index, `is ${shown(name)}, which is no operation`, 'unknown_name');
  }
  const which: Which = { index, op: name as OperationName };
  for (const field of Object.keys(fields)) {
    if (field === 'op' || field === 'path' || fieldsOf[which.op].includes(field)) continue;
    const what = `has a field ${shown(field)} that it does not know`;
    throw invalidOperation(which, 'unknown_field', what);
  }
  return { index, op: which.op, fields, path: checkPath(which, fields['path']), maxBytes };
}

function checkOperation(given: Given): CheckedOperation {
  const { op, path } = given;
  switch (op) {
    case 'set':
    case 'pull':
      return { op, path, value: checkValue(given, 0) };
    case 'addToSet':
      return { op, path, value: checkValue(given, 1) };
    case 'merge':
      return { op, path, value: checkMerged(given), deep: checkDeep(given) };
    case 'increment':
    case 'decrement':
      return { op, path, by: checkBy(given) };
    case 'append':
    case 'prepend':
      return { op, path, values: checkValues(given) };
    case 'insert':
      return checkInsert(given);
    case 'min':
    case 'max':
      return { op, path, value: checkBound(given) };
    case 'remove':
      if (path.length > 0) return { op, path };
      throw invalidOperation(given, 'root', 'has no path; delete the entry to remove all of it');
  }
}

/** `wrapped` is how many arrays the operation puts around the value. */
function checkValue(given: Given, wrapped: number): unknown {
  const { value } = given.fields;
  if (value === undefined) {
    throw invalidOperation(given, 'no_value', "needs a 'value'; undefined is none");
  }
  return detached(given, 'value', value, wrapped);
}

function checkValues(given: Given): readonly unknown[] {
  const { value, values } = given.fields;
  if (values === undefined) return [checkValue(given, 1)];
  if (value !== undefined) {
    throw invalidOperation(given, 'value_and_values', "has both 'value' and 'values'");
  }
  if (!Array.isArray(values)) {
    throw invalidOperation(given, 'values', "needs 'values' to be a list");
  }
  return detached(given, 'values', values, 0) as readonly unknown[];
}

/** A copy that nobody else holds, or the fault at its path. */
function detached(given: Given, field: string, value: unknown, wrapped: number): unknown {
  const depth = given.path.length + wrapped;
  const text = toJsonText(value, given.maxBytes, depth);
  const { index, op } = given;
  if (typeof text !== 'string') {
    throw faultError(text, `${nameOf(given)}: '${field}'`, { index, op, field });
  }
  if (text.length * 3 > given.maxBytes) {
    const bytes = utf8Length(text);
    const what = `has ${bytes} bytes in '${field}'`;
    if (bytes > given.maxBytes) throw overLimit(given, 'size', what, given.maxBytes);
  }
  return JSON.parse(text);
}

function checkMerged(given: Given): Readonly<Record<string, unknown>> {
  const value = checkValue(given, 0);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidOperation(given, 'not_an_object', "needs 'value' to be an object");
  }
  const forbidden = forbiddenIn(value);
  if (forbidden === undefined) return value as Readonly<Record<string, unknown>>;
  const path = shownPointer(forbidden.reverse());
  throw invalidOperation(given, 'forbidden_name', `merges ${path}, a name that is refused`, {
    path,
  });
}

/** The path, from the leaf upwards, of a member that a merge must not name. */
function forbiddenIn(value: unknown): Segment[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const found = isForbiddenName(key) ? [] : forbiddenIn(member);
    if (found === undefined) continue;
    found.push(key);
    return found;
  }
  return undefined;
}

function checkDeep(given: Given): boolean {
  const { deep = false } = given.fields;
  if (typeof deep === 'boolean') return deep;
  throw invalidOperation(given, 'deep', "needs 'deep' to be true or false");
}

function checkBy(given: Given): number {
  const { by = 1 } = given.fields;
  if (typeof by === 'number' && Math.abs(by) <= Number.MAX_SAFE_INTEGER) return by + 0;
  throw invalidOperation(given, 'by', "needs 'by' to be a finite number within ±(2^53−1)");
}

function checkBound(given: Given): number | string {
  const value = checkValue(given, 0);
  if (typeof value === 'number' || typeof value === 'string') return value;
  throw invalidOperation(given, 'not_comparable', "needs 'value' to be a number or text");
}

function checkInsert(given: Given): CheckedOperation {
  const op = 'insert';
  const { index } = given.fields;
  if (index !== undefined) {
    return { op, path: given.path, index: checkIndex(given, index), value: checkValue(given, 1) };
  }
  const last = given.path.at(-1);
  if (last === undefined) {
    throw invalidOperation(given, 'no_index', "needs an 'index', or a path that ends in one");
  }
  const place = typeof last === 'string' && last !== '-' ? indexFrom(last) : last;
  const path = given.path.slice(0, -1);
  return { op, path, index: checkIndex(given, place), value: checkValue(given, 0) };
}

function checkIndex(given: Given, index: unknown): number | '-' {
  if (index === '-') return index;
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index <= maxIndex) {
    return index + 0;
  }
  throw invalidOperation(given, 'index', "needs an index that is a whole number from 0, or '-'");
}

function malformed(index: number, what: string, reason: string): HoldfastError {
  return new HoldfastError('invalid_operation', `operation ${index} ${what}`, {
    details: { index, reason },
  });
}
