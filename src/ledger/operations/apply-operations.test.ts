import { describe, expect, test } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import type { HoldfastError } from '../../errors/index.ts';
import { applyOperations } from './apply-operations.ts';
import { checkOperations } from './check-operations.ts';
import type { Operation } from './operation.ts';

function apply(value: unknown, ...operations: Operation[]): unknown {
  return applyOperations(value, checkOperations(operations));
}

function failure(value: unknown, ...operations: Operation[]): HoldfastError {
  try {
    apply(value, ...operations);
  } catch (error) {
    if (isHoldfastError(error, 'operation_failed')) return error;
    throw error;
  }
  throw new Error('applied');
}

const nothing = undefined;
const safe = Number.MAX_SAFE_INTEGER;

type Applied = [before: unknown, operation: Operation, after: unknown];
type Failed = [before: unknown, operation: Operation, reason: string, at: string];

const applied: Record<string, Applied[]> = {
  set: [
    [nothing, { op: 'set', value: 1 }, 1],
    [{ a: 1 }, { op: 'set', value: [] }, []],
    [nothing, { op: 'set', path: '/a/b', value: null }, { a: { b: null } }],
    [
      { a: 1, b: 2 },
      { op: 'set', path: '/b', value: 3 },
      { a: 1, b: 3 },
    ],
    [[1, 2], { op: 'set', path: '/1', value: 3 }, [1, 3]],
    [[1, 2], { op: 'set', path: [2], value: 3 }, [1, 2, 3]],
    [[1, 2], { op: 'set', path: '/-', value: 3 }, [1, 2, 3]],
    [{ '-': 1 }, { op: 'set', path: '/-', value: 3 }, { '-': 3 }],
    [{ a: [{ b: 1 }] }, { op: 'set', path: ['a', 0, 'b'], value: 2 }, { a: [{ b: 2 }] }],
    [nothing, { op: 'set', path: '/users/0', value: 1 }, { users: { 0: 1 } }],
    [{}, { op: 'set', path: '/toString/a', value: 1 }, { toString: { a: 1 } }],
    [{ a: 1 }, { op: 'set', path: '/', value: 2 }, { a: 1, '': 2 }],
  ],
  merge: [
    [nothing, { op: 'merge', value: { a: 1 } }, { a: 1 }],
    [nothing, { op: 'merge', path: '/x/y', value: { a: 1 } }, { x: { y: { a: 1 } } }],
    [
      { a: 1, b: 2 },
      { op: 'merge', value: { b: null } },
      { a: 1, b: null },
    ],
    [{ a: { b: 1 } }, { op: 'merge', value: { a: { c: 2 } } }, { a: { c: 2 } }],
    [{ a: { b: 1 } }, { op: 'merge', deep: true, value: { a: { c: 2 } } }, { a: { b: 1, c: 2 } }],
    [{ a: [1, 2] }, { op: 'merge', deep: true, value: { a: [3] } }, { a: [3] }],
    [{ a: null }, { op: 'merge', deep: true, value: { a: { b: 1 } } }, { a: { b: 1 } }],
    [{ a: { b: 1 } }, { op: 'merge', deep: true, value: { a: null } }, { a: null }],
    [{}, { op: 'merge', deep: true, value: { toString: { a: 1 } } }, { toString: { a: 1 } }],
  ],
  increment: [
    [nothing, { op: 'increment' }, 1],
    [41, { op: 'increment' }, 42],
    [{ n: 1 }, { op: 'increment', path: '/n', by: -2.5 }, { n: -1.5 }],
    [nothing, { op: 'increment', path: '/a/n', by: 5 }, { a: { n: 5 } }],
    [[1, 2], { op: 'increment', path: '/1' }, [1, 3]],
    [safe - 1, { op: 'increment' }, safe],
  ],
  decrement: [
    [nothing, { op: 'decrement' }, -1],
    [{ n: 1 }, { op: 'decrement', path: '/n', by: 3 }, { n: -2 }],
    [-safe + 1, { op: 'decrement' }, -safe],
  ],
  append: [
    [nothing, { op: 'append', value: 'a' }, ['a']],
    [[1], { op: 'append', value: [2] }, [1, [2]]],
    [[1], { op: 'append', values: [2, 3] }, [1, 2, 3]],
    [[1], { op: 'append', values: [] }, [1]],
    [nothing, { op: 'append', path: '/a/b', value: 1 }, { a: { b: [1] } }],
    [[[1]], { op: 'append', path: '/0', value: 2 }, [[1, 2]]],
  ],
  prepend: [
    [nothing, { op: 'prepend', values: [1, 2] }, [1, 2]],
    [[3], { op: 'prepend', values: [1, 2] }, [1, 2, 3]],
  ],
  remove: [
    [{ a: 1, b: 2 }, { op: 'remove', path: '/a' }, { b: 2 }],
    [{ a: null }, { op: 'remove', path: '/a' }, {}],
    [[1, 2, 3], { op: 'remove', path: '/1' }, [1, 3]],
    [{ a: [1] }, { op: 'remove', path: ['a', 0] }, { a: [] }],
    [{ a: 1 }, { op: 'remove', path: '/b' }, { a: 1 }],
    [{ a: 1 }, { op: 'remove', path: '/toString' }, { a: 1 }],
    [{ a: 1 }, { op: 'remove', path: '/b/c/0' }, { a: 1 }],
    [[1], { op: 'remove', path: '/1' }, [1]],
    [[1], { op: 'remove', path: '/-' }, [1]],
    [[1], { op: 'remove', path: '/4/a' }, [1]],
    [nothing, { op: 'remove', path: '/a' }, nothing],
  ],
  insert: [
    [nothing, { op: 'insert', index: 0, value: 1 }, [1]],
    [nothing, { op: 'insert', path: '/a/-', value: 1 }, { a: [1] }],
    [[1, 3], { op: 'insert', path: '/1', value: 2 }, [1, 2, 3]],
    [[1, 2], { op: 'insert', index: 2, value: 3 }, [1, 2, 3]],
    [[1, 2], { op: 'insert', path: ['-'], value: 3 }, [1, 2, 3]],
  ],
  min: [
    [nothing, { op: 'min', value: 3 }, 3],
    [5, { op: 'min', value: 3 }, 3],
    [2, { op: 'min', value: 3 }, 2],
    ['b', { op: 'min', value: 'a' }, 'a'],
    ['\uff00', { op: 'min', value: '😀' }, '\uff00'],
  ],
  max: [
    [{ a: 1 }, { op: 'max', path: '/b', value: 3 }, { a: 1, b: 3 }],
    [5, { op: 'max', value: 3 }, 5],
    [2, { op: 'max', value: 3 }, 3],
    ['\uff00', { op: 'max', value: '😀' }, '😀'],
  ],
  addToSet: [
    [nothing, { op: 'addToSet', path: '/s', value: 1 }, { s: [1] }],
    [[{ a: 1, b: 2 }], { op: 'addToSet', value: { b: 2, a: 1 } }, [{ a: 1, b: 2 }]],
    [
      [[1, 2]],
      { op: 'addToSet', value: [2, 1] },
      [
        [1, 2],
        [2, 1],
      ],
    ],
    [[1], { op: 'addToSet', value: '1' }, [1, '1']],
  ],
  pull: [
    [[1, 2, 1], { op: 'pull', value: 1 }, [2]],
    [[{ a: 1, b: 2 }], { op: 'pull', value: { b: 2, a: 1 } }, []],
    [[1], { op: 'pull', value: 2 }, [1]],
    [{}, { op: 'pull', path: '/a/b', value: 2 }, {}],
    [[], { op: 'pull', path: '/0/b', value: 2 }, []],
    [nothing, { op: 'pull', value: 2 }, nothing],
  ],
};

const failed: Record<string, Failed[]> = {
  set: [
    [null, { op: 'set', path: '/a', value: 1 }, 'wrong_type', ''],
    [{ a: 'x' }, { op: 'set', path: '/a/b', value: 1 }, 'wrong_type', '/a'],
    [{ a: {} }, { op: 'set', path: ['a', 0], value: 1 }, 'wrong_type', '/a'],
    [nothing, { op: 'set', path: [0], value: 1 }, 'missing_parent', ''],
    [{}, { op: 'set', path: ['a', 0], value: 1 }, 'missing_parent', '/a'],
    [{}, { op: 'set', path: '/a/-', value: 1 }, 'missing_parent', '/a'],
    [[1], { op: 'set', path: [2], value: 1 }, 'index_out_of_range', ''],
    [[], { op: 'set', path: '/0/a', value: 1 }, 'index_out_of_range', ''],
    [[1], { op: 'set', path: '/length', value: 1 }, 'not_an_index', ''],
    [[1], { op: 'set', path: '/01', value: 1 }, 'not_an_index', ''],
    [[1], { op: 'set', path: '/-1', value: 1 }, 'not_an_index', ''],
    [[1], { op: 'set', path: '/99999999999', value: 1 }, 'not_an_index', ''],
  ],
  merge: [
    [null, { op: 'merge', value: { a: 1 } }, 'wrong_type', ''],
    [[1], { op: 'merge', value: { a: 1 } }, 'wrong_type', ''],
    [{ a: 1 }, { op: 'merge', path: '/a', deep: true, value: {} }, 'wrong_type', '/a'],
  ],
  increment: [
    [null, { op: 'increment' }, 'wrong_type', ''],
    [{ n: null }, { op: 'increment', path: '/n' }, 'wrong_type', '/n'],
    ['1', { op: 'increment' }, 'wrong_type', ''],
    [safe, { op: 'increment' }, 'overflow', ''],
    [safe, { op: 'increment', by: 0.5 }, 'overflow', ''],
    [safe, { op: 'increment', by: safe }, 'overflow', ''],
    [[1], { op: 'increment', path: '/1' }, 'index_out_of_range', ''],
    [[1], { op: 'increment', path: '/-' }, 'index_out_of_range', ''],
  ],
  decrement: [[-safe, { op: 'decrement' }, 'overflow', '']],
  append: [
    ['a', { op: 'append', value: 'b' }, 'wrong_type', ''],
    [null, { op: 'append', value: 1 }, 'wrong_type', ''],
    [{}, { op: 'append', values: [] }, 'wrong_type', ''],
  ],
  prepend: [[{ a: {} }, { op: 'prepend', path: '/a', value: 1 }, 'wrong_type', '/a']],
  remove: [
    [1, { op: 'remove', path: '/a' }, 'wrong_type', ''],
    [{ a: null }, { op: 'remove', path: '/a/b' }, 'wrong_type', '/a'],
    [{}, { op: 'remove', path: [0] }, 'wrong_type', ''],
    [[1], { op: 'remove', path: '/a' }, 'not_an_index', ''],
  ],
  insert: [
    [nothing, { op: 'insert', index: 1, value: 1 }, 'index_out_of_range', ''],
    [[1], { op: 'insert', path: '/2', value: 1 }, 'index_out_of_range', ''],
    [{}, { op: 'insert', index: 0, value: 1 }, 'wrong_type', ''],
  ],
  min: [
    ['a', { op: 'min', value: 1 }, 'wrong_type', ''],
    [null, { op: 'min', value: 1 }, 'wrong_type', ''],
  ],
  max: [[1, { op: 'max', value: 'a' }, 'wrong_type', '']],
  addToSet: [['a', { op: 'addToSet', value: 'b' }, 'wrong_type', '']],
  pull: [[{ a: null }, { op: 'pull', path: '/a', value: null }, 'wrong_type', '/a']],
};

describe.each(Object.entries(applied))('%s', (_, cases) => {
  test.each(cases)('%j %j gives %j', (before, operation, after) => {
    expect(apply(before, operation)).toEqual(after);
  });
});

describe.each(Object.entries(failed))('%s fails', (op, cases) => {
  test.each(cases)('%j %j: %s', (before, operation, reason, at) => {
    const error = failure(before, operation);
    expect(error.details).toMatchObject({ index: 0, op, reason, at });
    expect(error.message.startsWith(`operation 0 (${op}) at `)).toBe(true);
  });
});

test('the first operation that does not apply fails the whole update, and says which it is', () => {
  const value = Object.freeze({ count: 1, name: null });
  const operations = checkOperations([
    { op: 'increment', path: '/count' },
    { op: 'increment', path: '/name' },
  ]);
  const context = { scope: 'users', key: 'ada' };
  expect(() => applyOperations(value, operations, context)).toThrow(
    expect.objectContaining({
      code: 'operation_failed',
      message: "operation 1 (increment) at /name of 'ada' in 'users' needs a number but found null",
      details: {
        index: 1,
        op: 'increment',
        path: '/name',
        at: '/name',
        reason: 'wrong_type',
        expected: 'number',
        found: 'null',
        scope: 'users',
        key: 'ada',
      },
    }),
  );
  expect(value).toEqual({ count: 1, name: null });
});

test('a failure above the end of the path says where', () => {
  const error = failure({ 'a/b': 1 }, { op: 'set', path: '/a~1b/c/d', value: 1 });
  expect(error.details).toMatchObject({ path: '/a~1b/c/d', at: '/a~1b' });
  expect(error.message).toBe(
    'operation 0 (set) at /a~1b/c/d needs an object but found a number (at /a~1b)',
  );
});

test('each operation sees what the ones before it left', () => {
  const result = apply(
    undefined,
    { op: 'set', path: '/list', value: [1] },
    { op: 'append', path: '/list', value: 2 },
    { op: 'increment', path: '/list/1', by: 40 },
    { op: 'remove', path: '/list/0' },
  );
  expect(result).toEqual({ list: [42] });
});

test('what is not touched is shared, and what changes nothing returns the value itself', () => {
  const value = { a: { deep: [1] }, b: { n: 1 } };
  const result = apply(value, { op: 'increment', path: '/b/n' }) as typeof value;
  expect(result.a).toBe(value.a);
  expect(value.b.n).toBe(1);
  expect(
    apply(value, { op: 'remove', path: '/c/d' }, { op: 'pull', path: '/a/deep', value: 2 }),
  ).toBe(value);
});

test('the same operations can be applied again, though results share their values', () => {
  const operations = checkOperations([
    { op: 'set', path: '/a', value: { list: [1] } },
    { op: 'append', path: '/a/list', value: 2 },
    { op: 'append', path: '/b', value: 1 },
    { op: 'append', path: '/b', value: 2 },
  ]);
  const once = applyOperations({}, operations);
  expect(applyOperations({}, operations)).toEqual(once);
  expect(applyOperations(once, operations)).toEqual({ a: { list: [1, 2] }, b: [1, 2, 1, 2] });
  expect(once).toEqual({ a: { list: [1, 2] }, b: [1, 2] });
});
