import { describe, expect, test } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import type { HoldfastError } from '../../errors/index.ts';
import { limits } from '../limits.ts';
import { checkOperations } from './check-operations.ts';

function refusal(operations: unknown, maxBytes?: number): HoldfastError {
  try {
    checkOperations(operations, maxBytes);
  } catch (error) {
    if (isHoldfastError(error)) return error;
    throw error;
  }
  throw new Error('accepted');
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe('an operation that is accepted', () => {
  test.each([
    [
      { op: 'set', value: 1 },
      { op: 'set', path: [], value: 1 },
    ],
    [
      { op: 'set', path: '', value: null },
      { op: 'set', path: [], value: null },
    ],
    [
      { op: 'set', path: '/', value: 1 },
      { op: 'set', path: [''], value: 1 },
    ],
    [
      { op: 'set', path: '/a~1b/~01/0', value: 1 },
      { op: 'set', path: ['a/b', '~1', '0'], value: 1 },
    ],
    [
      { op: 'set', path: ['a', 0], value: 1 },
      { op: 'set', path: ['a', 0], value: 1 },
    ],
    [
      { op: 'merge', value: {} },
      { op: 'merge', path: [], value: {}, deep: false },
    ],
    [{ op: 'increment' }, { op: 'increment', path: [], by: 1 }],
    [
      { op: 'decrement', by: -0.5 },
      { op: 'decrement', path: [], by: -0.5 },
    ],
    [
      { op: 'append', value: [1] },
      { op: 'append', path: [], values: [[1]] },
    ],
    [
      { op: 'prepend', values: [1, 2] },
      { op: 'prepend', path: [], values: [1, 2] },
    ],
    [
      { op: 'insert', path: '/a/2', value: 1 },
      { op: 'insert', path: ['a'], index: 2, value: 1 },
    ],
    [
      { op: 'insert', path: '/a/-', value: 1 },
      { op: 'insert', path: ['a'], index: '-', value: 1 },
    ],
    [
      { op: 'insert', path: [0], value: 1 },
      { op: 'insert', path: [], index: 0, value: 1 },
    ],
    [
      { op: 'insert', path: '/0', index: 3, value: 1 },
      { op: 'insert', path: ['0'], index: 3, value: 1 },
    ],
    [{ op: 'remove', path: '/a', value: undefined }, undefined],
    [
      { op: 'remove', path: '/a' },
      { op: 'remove', path: ['a'] },
    ],
    [
      { op: 'min', value: 'a' },
      { op: 'min', path: [], value: 'a' },
    ],
    [
      { op: 'set', value: { constructor: 1 } },
      { op: 'set', path: [], value: { constructor: 1 } },
    ],
  ])('%j becomes %j', (given, checked) => {
    if (checked === undefined) expect(refusal([given]).details['reason']).toBe('unknown_field');
    else expect(checkOperations([given])).toEqual([checked]);
  });

  test('is detached from the one that was given', () => {
    const value = { list: [1] };
    const path = ['a'];
    const values = [value];
    const checked = checkOperations([
      { op: 'merge', path, value },
      { op: 'append', path, values },
    ]);
    value.list.push(2);
    values.push({ list: [] });
    path.push('b');
    expect(checked).toEqual([
      { op: 'merge', path: ['a'], value: { list: [1] }, deep: false },
      { op: 'append', path: ['a'], values: [{ list: [1] }] },
    ]);
  });
});

const protoMember: unknown = JSON.parse('{"a":{"__proto__":1}}');
const long = 'x'.repeat(limits.segmentBytes + 1);

describe('an operation that is refused', () => {
  test.each([[undefined], [null], [{}], [[]], ['increment'], [{ op: 'increment' }]])(
    'a list such as %j',
    (operations) => {
      expect(refusal(operations)).toMatchObject({
        code: 'invalid_operation',
        details: { reason: 'no_list' },
      });
    },
  );

  test.each<[unknown, string]>([
    [null, 'not_an_object'],
    [[], 'not_an_object'],
    ['set', 'not_an_object'],
    [{}, 'no_name'],
    [{ op: 1 }, 'no_name'],
    [{ op: 'toString' }, 'unknown_name'],
    [{ op: 'Set', value: 1 }, 'unknown_name'],
    [{ op: 'increment', value: 1 }, 'unknown_field'],
    [{ op: 'set', value: 1, paht: '/a' }, 'unknown_field'],
    [{ op: 'set' }, 'no_value'],
    [{ op: 'set', value: undefined }, 'no_value'],
    [{ op: 'append' }, 'no_value'],
    [{ op: 'append', value: 1, values: [1] }, 'value_and_values'],
    [{ op: 'append', values: 'ab' }, 'values'],
    [{ op: 'merge', value: [] }, 'not_an_object'],
    [{ op: 'merge', value: null }, 'not_an_object'],
    [{ op: 'merge', value: {}, deep: 'yes' }, 'deep'],
    [{ op: 'merge', value: { constructor: 1 } }, 'forbidden_name'],
    [{ op: 'merge', value: { a: [{ prototype: {} }] } }, 'forbidden_name'],
    [{ op: 'increment', by: '1' }, 'by'],
    [{ op: 'increment', by: Number.NaN }, 'by'],
    [{ op: 'increment', by: Number.POSITIVE_INFINITY }, 'by'],
    [{ op: 'decrement', by: 2 ** 53 }, 'by'],
    [{ op: 'increment', by: null }, 'by'],
    [{ op: 'min', value: true }, 'not_comparable'],
    [{ op: 'max', value: null }, 'not_comparable'],
    [{ op: 'remove' }, 'root'],
    [{ op: 'remove', path: [] }, 'root'],
    [{ op: 'insert', value: 1 }, 'no_index'],
    [{ op: 'insert', path: '/a', value: 1 }, 'index'],
    [{ op: 'insert', path: '/a/01', value: 1 }, 'index'],
    [{ op: 'insert', path: '/a/-1', value: 1 }, 'index'],
    [{ op: 'insert', path: '/a', index: -1, value: 1 }, 'index'],
    [{ op: 'insert', path: '/a', index: '0', value: 1 }, 'index'],
    [{ op: 'insert', path: '/a', index: 2 ** 32 - 1, value: 1 }, 'index'],
    [{ op: 'increment', path: 'a' }, 'pointer'],
    [{ op: 'increment', path: '#/a' }, 'pointer'],
    [{ op: 'increment', path: '/a~' }, 'pointer'],
    [{ op: 'increment', path: '/a~2b' }, 'pointer'],
    [{ op: 'increment', path: null }, 'path'],
    [{ op: 'increment', path: 1 }, 'path'],
    [{ op: 'increment', path: {} }, 'path'],
    [{ op: 'increment', path: [-1] }, 'segment'],
    [{ op: 'increment', path: [0.5] }, 'segment'],
    [{ op: 'increment', path: [Number.NaN] }, 'segment'],
    [{ op: 'increment', path: [2 ** 32 - 1] }, 'segment'],
    [{ op: 'increment', path: [null] }, 'segment'],
    [{ op: 'increment', path: new Array(2) }, 'segment'],
    [{ op: 'increment', path: ['\ud800'] }, 'segment'],
    [{ op: 'increment', path: ['a', '__proto__'] }, 'forbidden_name'],
    [{ op: 'set', path: '/constructor/prototype/x', value: 1 }, 'forbidden_name'],
    [{ op: 'remove', path: '/prototype' }, 'forbidden_name'],
  ])('%j: %s', (operation, reason) => {
    const error = refusal([{ op: 'increment' }, operation]);
    expect(error.code).toBe('invalid_operation');
    expect(error.details).toMatchObject({ index: 1, reason });
    expect(error.message).toContain('operation 1 ');
    expect(error.message.length).toBeLessThan(200);
  });

  test('names the path of a value that cannot be stored', () => {
    const cases: [unknown, string, string, string][] = [
      [{ op: 'set', value: { a: [Number.NaN] } }, 'value', '/a/0', 'not_finite'],
      [{ op: 'append', values: [1, { d: new Date(0) }] }, 'values', '/1/d', 'class_instance'],
      [{ op: 'addToSet', value: 2 ** 53 }, 'value', '', 'unsafe_integer'],
      [{ op: 'pull', value: '\ud800' }, 'value', '', 'lone_surrogate'],
      [{ op: 'set', value: new Uint8Array(1) }, 'value', '', 'class_instance'],
      [{ op: 'min', value: Number.NaN }, 'value', '', 'not_finite'],
      [{ op: 'merge', value: protoMember }, 'value', '/a/__proto__', 'proto_key'],
    ];
    for (const [operation, field, path, reason] of cases) {
      const error = refusal([operation]);
      expect(error.code).toBe('invalid_value');
      const { op } = operation as { op: string };
      expect(error.details).toEqual({ index: 0, op, field, path, reason });
      expect(error.message).toContain(`operation 0 (${op}): '${field}' ${path && `at ${path} `}`);
    }
  });

  test('names the path of a merged name that is refused', () => {
    const error = refusal([{ op: 'merge', value: { a: [{ prototype: {} }] } }]);
    expect(error.details).toMatchObject({ path: '/a/0/prototype' });
  });

  test.each<[string, unknown, unknown]>([
    ['operations', operations(100), operations(101)],
    ['path segments', at(new Array(32).fill('a')), at(new Array(33).fill('a'))],
    ['bytes in a segment', at(['é'.repeat(128)]), at([`é${long.slice(2)}`])],
    ['bytes in a segment of a pointer', at(`/${'~0'.repeat(256)}`), at(`/${long}`)],
    ['levels of a set value', [set([], nested(128))], [set([], nested(129))]],
    ['levels below a path', [set(['a', 'b'], nested(126))], [set(['a', 'b'], nested(127))]],
    ['levels in an appended element', [append(nested(127))], [append(nested(128))]],
    ['levels in an inserted element', [insert(nested(127))], [insert(nested(128))]],
  ])('beyond the limit of %s, which is inclusive', (_, most, more) => {
    checkOperations(most);
    expect(refusal(more).code).toBe('limit_exceeded');
  });

  test('with a value beyond the byte limit that the caller names', () => {
    checkOperations([set([], 'x'.repeat(98))], 100);
    expect(refusal([set([], 'x'.repeat(99))], 100).code).toBe('limit_exceeded');
    expect(refusal([set([], 'é'.repeat(50))], 100)).toMatchObject({
      code: 'limit_exceeded',
      details: { index: 0, op: 'set', reason: 'size', limit: 100 },
    });
  });

  test('with an endless pointer, before it is split', () => {
    expect(refusal(at('/'.repeat(10_000_000))).code).toBe('limit_exceeded');
  });
});

function operations(count: number): unknown {
  return Array.from({ length: count }, () => ({ op: 'increment' }));
}

function at(path: unknown): unknown {
  return [{ op: 'increment', path }];
}

function set(path: unknown, value: unknown): unknown {
  return { op: 'set', path, value };
}

function append(value: unknown): unknown {
  return { op: 'append', value };
}

function insert(value: unknown): unknown {
  return { op: 'insert', path: '/0', value };
}
