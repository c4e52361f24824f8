/** Any operations on any value, against a model that copies everything and then simply does it. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import { applyOperations } from './apply-operations.ts';
import { checkOperations } from './check-operations.ts';
import type { CheckedOperation, Operation } from './operation.ts';

const name = fc.constantFrom('a', 'b', 'c', '0', '');
const scalar = fc.constantFrom<unknown>(null, true, 0, 1, -2.5, 2 ** 53 - 1, 'a', 'é', '');

/** Few names and few values, so that paths and members meet what is there. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(name, tie('json'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const object = fc.dictionary(name, json, { maxKeys: 3, noNullPrototype: true });

const segments = fc.array(
  fc.oneof({ weight: 4, arbitrary: name }, fc.constantFrom<string | number>('-', '1', 0, 1, 2)),
  { maxLength: 3 },
);
const below = segments.filter((path) => path.length > 0);
const by = fc.constantFrom(1, -1, 0.5, 0, -0, 2 ** 53 - 1);
const index = fc.constantFrom<number | '-'>(0, 1, 2, '-');

const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant('set' as const), path: segments, value: json }),
  fc.record({
    op: fc.constant('merge' as const),
    path: segments,
    value: object,
    deep: fc.boolean(),
  }),
  fc.record({
    op: fc.constantFrom('increment' as const, 'decrement' as const),
    path: segments,
    by,
  }),
  fc.record({
    op: fc.constantFrom('append' as const, 'prepend' as const),
    path: segments,
    values: fc.array(json, { maxLength: 2 }),
  }),
  fc.record({ op: fc.constant('remove' as const), path: below }),
  fc.record({ op: fc.constant('insert' as const), path: segments, value: json, index }),
  fc.record({
    op: fc.constantFrom('min' as const, 'max' as const),
    path: segments,
    value: fc.constantFrom<number | string>(-3, 0, 7, 'a', 'b', '😀', '\uff00'),
  }),
  fc.record({
    op: fc.constantFrom('addToSet' as const, 'pull' as const),
    path: segments,
    value: json,
  }),
);
const anyOperations = fc.array(anyOperation, { minLength: 1, maxLength: 6 });
const anyValue = fc.oneof({ weight: 6, arbitrary: json }, fc.constant(undefined));

/** Thrown by the model where an operation does not apply. */
const refusal = new Error('does not apply');

function must(condition: boolean): asserts condition {
  if (!condition) throw refusal;
}

/** A place that can be read and written, in a tree that the model owns. */
interface Place {
  get(): unknown;
  put(value: unknown): void;
}

function model(before: unknown, operations: readonly CheckedOperation[]): unknown {
  const box = { root: before === undefined ? undefined : structuredClone(before) };
  for (const given of operations) {
    const operation = structuredClone(given);
    const removes = operation.op === 'remove';
    const creates = !removes && operation.op !== 'pull';
    let place: Place = { get: () => box.root, put: (value) => (box.root = value) };
    let gone = false;
    for (const [depth, segment] of operation.path.entries()) {
      if (removes && depth === operation.path.length - 1) break;
      const end = operation.op === 'set' && depth === operation.path.length - 1;
      if (place.get() === undefined && !creates) gone = true;
      if (!gone) place = child(place, segment, creates, end);
    }
    if (!gone) perform(place, operation);
  }
  return box.root;
}

function child(place: Place, segment: string | number, creates: boolean, end: boolean): Place {
  if (place.get() === undefined) {
    must(typeof segment === 'string' && segment !== '-');
    place.put({});
  }
  const found = place.get();
  must(typeof found === 'object' && found !== null);
  const holder = found as Record<string | number, unknown>;
  let key = segment;
  if (Array.isArray(holder)) {
    const { length } = holder;
    key = segment === '-' ? length : Number(segment === '' ? Number.NaN : segment);
    must(Number.isInteger(key));
    if (creates) must(key < length || (end && key === length));
  } else must(typeof segment === 'string');
  return { get: () => holder[key], put: (value) => (holder[key] = value) };
}

function perform(place: Place, operation: CheckedOperation): void {
  const there = place.get();
  const { op } = operation;
  if (op === 'set') {
    place.put(operation.value);
    return;
  }
  if (op === 'merge') {
    must(there === undefined || isObject(there));
    return place.put(mergeModel(there ?? {}, operation.value, operation.deep));
  }
  if (op === 'increment' || op === 'decrement') {
    must(there === undefined || typeof there === 'number');
    const sum = (there ?? 0) + (op === 'increment' ? operation.by : -operation.by);
    must(Math.abs(sum) < 2 ** 53);
    return place.put(sum);
  }
  if (op === 'min' || op === 'max') {
    must(there === undefined || typeof there === typeof operation.value);
    const pair = [(there ?? operation.value) as string, operation.value].sort(byCodePoints);
    return place.put(pair[op === 'min' ? 0 : 1]);
  }
  if (op === 'remove') {
    removeModel(there, operation.path.at(-1) ?? '');
    return;
  }
  if (op === 'pull' && there === undefined) return;
  must(there === undefined || Array.isArray(there));
  place.put(listModel(there ?? [], operation));
}

function listModel(list: unknown[], operation: CheckedOperation): unknown[] {
  switch (operation.op) {
    case 'append':
      return list.concat(operation.values);
    case 'prepend':
      return operation.values.concat(list);
    case 'insert': {
      const at = operation.index === '-' ? list.length : operation.index;
      must(at <= list.length);
      return list.toSpliced(at, 0, operation.value);
    }
    case 'addToSet':
      return list.some((one) => isDeepStrictEqual(one, operation.value))
        ? list
        : [...list, operation.value];
    case 'pull':
      return list.filter((one) => !isDeepStrictEqual(one, operation.value));
    default:
      throw new Error(`no list operation: ${operation.op}`);
  }
}

function removeModel(holder: unknown, segment: string | number): void {
  if (holder === undefined) return;
  if (Array.isArray(holder)) {
    const at = segment === '-' ? holder.length : Number(segment === '' ? Number.NaN : segment);
    must(Number.isInteger(at));
    holder.splice(at, 1);
    return;
  }
  must(isObject(holder) && typeof segment === 'string');
  delete holder[segment];
}

function mergeModel(target: Record<string, unknown>, value: object, deep: boolean): unknown {
  for (const [key, member] of Object.entries(value)) {
    const before = target[key];
    target[key] =
      deep && isObject(before) && isObject(member) ? mergeModel(before, member, true) : member;
  }
  return target;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byCodePoints(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}

/** What a value looks like once it is stored. */
function stored(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(sortedKeys(value));
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sortedKeys(member)]));
}

function attempt(run: () => unknown): { result: string | undefined } | 'refused' {
  try {
    return { result: stored(run()) };
  } catch (error) {
    if (error === refusal || isHoldfastError(error, 'operation_failed')) return 'refused';
    throw error;
  }
}

test('operations do what a model that copies everything does, or fail where it fails', () => {
  let applied = 0;
  let refused = 0;
  fc.assert(
    fc.property(anyValue, anyOperations, (given, operations) => {
      const checked = deepFreeze(checkOperations(operations));
      const value = deepFreeze(structuredClone(given));
      const outcome = attempt(() => applyOperations(value, checked));
      if (outcome === 'refused') refused += 1;
      else applied += 1;
      expect(outcome).toEqual(attempt(() => model(given, checked)));
    }),
    { numRuns: 5000 },
  );
  // Otherwise the property would say little. About 550 of 5,000 are refused, give or take 100.
  expect(Math.min(applied, refused)).toBeGreaterThan(250);
});

test('operations applied one update at a time end where one update of all of them ends', () => {
  fc.assert(
    fc.property(anyValue, anyOperations, (value, operations) => {
      const checked = checkOperations(operations);
      const apart = attempt(() => {
        let result = value;
        for (const operation of checked) result = applyOperations(result, [operation]);
        return result;
      });
      expect(attempt(() => applyOperations(value, checked))).toEqual(apart);
    }),
    { numRuns: 2000 },
  );
});

test('checked operations are the same when checked again, and when they crossed a wire', () => {
  fc.assert(
    fc.property(anyOperations, (operations) => {
      const checked = checkOperations(operations);
      expect(checkOperations(checked)).toEqual(checked);
      expect(checkOperations(JSON.parse(JSON.stringify(operations)))).toEqual(checked);
    }),
  );
});
