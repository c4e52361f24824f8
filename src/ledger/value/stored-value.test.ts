import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import type { HoldfastError } from '../../errors/index.ts';
import { StoredValue } from './stored-value.ts';

function refusal(run: () => unknown): HoldfastError {
  try {
    run();
  } catch (error) {
    if (isHoldfastError(error)) return error;
    throw error;
  }
  throw new Error('accepted');
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** JSON values within the rules. */
const jsonWithin = fc
  .jsonValue({ stringUnit: 'binary' })
  .map((value) => JSON.stringify(value))
  .filter((text) => !text.includes('__proto__'))
  .map((text) => JSON.parse(text, withinIntegers) as unknown);

function withinIntegers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && Math.abs(value) >= 2 ** 53 ? 7 : value;
}

describe('a value that is accepted', () => {
  test('reads back as it was written', () => {
    fc.assert(
      fc.property(jsonWithin, (value) => {
        const stored = StoredValue.of(value);
        expect(stored.decode()).toEqual(value);
        expect(StoredValue.parse(JSON.stringify(value, null, 2)).content).toBe(stored.content);
        expect(stored.size).toBe(Buffer.byteLength(JSON.stringify(value)));
      }),
    );
  });

  test('loses members whose value is undefined, and the sign of zero', () => {
    expect(StoredValue.of({ a: undefined, b: [-0] }).content).toBe('{"b":[0]}');
    expect(StoredValue.parse('-0').content).toBe('0');
  });

  test('may share parts, have no prototype and be frozen', () => {
    const shared = { a: [1] };
    const bare = Object.assign(Object.create(null), { shared, again: shared }) as object;
    expect(StoredValue.of(Object.freeze(bare)).decode()).toEqual({ shared, again: shared });
  });

  test('may hold what only looks like an escaped surrogate', () => {
    for (const value of ['\\ud800', { '\\udfff': '😀' }]) {
      expect(StoredValue.of(value).decode()).toEqual(value);
    }
  });

  test.each([
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    1e-300,
    0.1,
    null,
    false,
    '',
    'a\0b',
    { constructor: 1, toJSON: 2, toString: null },
  ])('may be %j', (value) => {
    expect(StoredValue.of(value).decode()).toEqual(value);
    expect(StoredValue.parse(JSON.stringify(value)).decode()).toEqual(value);
  });

  test('cannot be changed through what was written or read', () => {
    const given = { list: [1] };
    const stored = StoredValue.of(given);
    given.list.push(2);
    (stored.decode() as typeof given).list.push(3);
    expect(stored.decode()).toEqual({ list: [1] });

    const bytes = Buffer.from([1, 2, 3]);
    const raw = StoredValue.of(bytes);
    bytes[0] = 9;
    (raw.decode() as Uint8Array)[1] = 9;
    expect(raw.decode()).toEqual(new Uint8Array([1, 2, 3]));
  });

  test('passes through of() as it is', () => {
    const stored = StoredValue.of([1]);
    expect(StoredValue.of(stored)).toBe(stored);
    expect(refusal(() => StoredValue.of(stored, 2)).code).toBe('limit_exceeded');
  });

  test('may be bytes, of which the size is their number', () => {
    const stored = StoredValue.of(Buffer.from('é'));
    expect(stored.isBytes).toBe(true);
    expect(stored.size).toBe(2);
    expect(stored.decode()).toBeInstanceOf(Uint8Array);
    expect(StoredValue.of('é').isBytes).toBe(false);
  });
});

class Point {
  readonly x = 1;
}
class Points extends Array<number> {}

const cyclic: { a: { b: unknown[] } } = { a: { b: [] } };
cyclic.a.b.push(1, cyclic.a);

const refused: [string, unknown, string, string][] = [
  ['NaN', { a: [Number.NaN] }, '/a/0', 'not_finite'],
  ['Infinity', Number.POSITIVE_INFINITY, '', 'not_finite'],
  ['2^53', { n: 2 ** 53 }, '/n', 'unsafe_integer'],
  ['-2^53', [-(2 ** 53)], '/0', 'unsafe_integer'],
  ['1e300', 1e300, '', 'unsafe_integer'],
  ['a lone surrogate', { 'a/b': ['x', '\ud800y'] }, '/a~1b/1', 'lone_surrogate'],
  ['a key with one', { a: { '\udc00': 1 } }, '/a/\ufffd', 'lone_surrogate'],
  ['a bigint', { 'm~n': 1n }, '/m~0n', 'bigint'],
  ['a symbol', [Symbol('s')], '/0', 'symbol'],
  ['a function', { f: () => 1 }, '/f', 'function'],
  ['undefined', undefined, '', 'undefined'],
  ['undefined in an array', { a: [1, undefined] }, '/a/1', 'undefined'],
  // oxlint-disable-next-line no-sparse-arrays
  ['a hole', [1, , 2], '/1', 'hole'],
  ['an array of holes', new Array(4), '/0', 'hole'],
  ['a Map', { m: new Map() }, '/m', 'class_instance'],
  ['a Set', new Set(), '', 'class_instance'],
  ['a Date', [new Date(0)], '/0', 'class_instance'],
  ['a class instance', { p: new Point() }, '/p', 'class_instance'],
  ['a subclass of Array', Points.of(1), '', 'class_instance'],
  ['an inherited object', Object.create({ a: 1 }), '', 'class_instance'],
  ['bytes inside', { b: new Uint8Array(1) }, '/b', 'class_instance'],
  ['a boxed string', Object('a'), '', 'class_instance'],
  ['a cycle', { top: cyclic }, '/top/a/b/1', 'cycle'],
  [
    'a getter',
    {
      get a() {
        return 1;
      },
    },
    '/a',
    'accessor',
  ],
  ['a toJSON function', { a: { toJSON: () => 1 } }, '/a', 'to_json'],
  ['a hidden one', Object.defineProperty({}, 'toJSON', { value: () => 1 }), '', 'to_json'],
  ['a symbol key', { a: { [Symbol('s')]: 1 } }, '/a', 'symbol_key'],
  ['a __proto__ member', JSON.parse('{"a":{"__proto__":1}}'), '/a/__proto__', 'proto_key'],
  ['a named member of an array', { a: Object.assign([1], { x: 1 }) }, '/a/x', 'extra_property'],
  ['one of an empty array', /x/.exec('x'), '/groups', 'extra_property'],
];

describe('a value that is refused', () => {
  test.each(refused)('%s', (_, value, path, reason) => {
    const error = refusal(() => StoredValue.of(value));
    expect(error.code).toBe('invalid_value');
    expect(error.details).toEqual({ path, reason });
    expect(error.message.startsWith(path === '' ? 'the value ' : `the value at ${path} `)).toBe(
      true,
    );
  });

  test('names the class whose instance it is', () => {
    expect(refusal(() => StoredValue.of(new Point())).message).toContain('an instance of Point');
  });

  test('is deeper than 128 levels, in either form', () => {
    const deepest = nested(128);
    expect(StoredValue.of(deepest).decode()).toEqual(deepest);
    expect(StoredValue.parse(JSON.stringify(deepest)).decode()).toEqual(deepest);
    for (const value of [nested(129), nested(2000)]) {
      for (const error of [
        refusal(() => StoredValue.of(value)),
        refusal(() => StoredValue.parse(JSON.stringify(value))),
      ]) {
        expect(error).toMatchObject({ code: 'limit_exceeded', details: { reason: 'depth' } });
      }
    }
    const brackets = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(refusal(() => StoredValue.parse(brackets)).code).toBe('limit_exceeded');
  });

  test('has more bytes than the limit, which is inclusive', () => {
    for (const value of [
      'x'.repeat(98),
      'é'.repeat(49),
      { a: 'x'.repeat(92) },
      Buffer.alloc(100),
    ]) {
      expect(StoredValue.of(value, 100).size).toBe(100);
      expect(refusal(() => StoredValue.of(value, 99))).toMatchObject({
        code: 'limit_exceeded',
        details: { path: '', limit: 99 },
      });
    }
    expect(StoredValue.parse('"xxxx"    ', 6).size).toBe(6);
    expect(refusal(() => StoredValue.parse('"xxxxx"', 6)).code).toBe('limit_exceeded');
    expect(refusal(() => StoredValue.parse(' '.repeat(1000), 6)).code).toBe('limit_exceeded');
    expect(StoredValue.parse(`"${'\\u0041'.repeat(98)}"`, 100).size).toBe(100);
  });

  test('never because of the size estimate alone', () => {
    fc.assert(
      fc.property(jsonWithin, (value) => {
        const bytes = Buffer.byteLength(JSON.stringify(value));
        expect(StoredValue.of(value, bytes).size).toBe(bytes);
        expect(refusal(() => StoredValue.of(value, bytes - 1)).code).toBe('limit_exceeded');
      }),
    );
  });

  test('ends soon where shared parts unfold without end', () => {
    let wide: unknown = new Array(1000).fill(null);
    for (let level = 0; level < 60; level += 1) wide = [wide, wide];
    expect(refusal(() => StoredValue.of(wide)).code).toBe('limit_exceeded');
    expect(refusal(() => StoredValue.of(new Array(2 ** 32 - 1))).code).toBe('limit_exceeded');
  });
});

describe('text from outside', () => {
  test.each([
    ['{"a":9007199254740993}', '/a', 'unsafe_integer'],
    ['[-9007199254740992]', '/0', 'unsafe_integer'],
    ['1e400', '', 'not_finite'],
    ['["\\ud800"]', '/0', 'lone_surrogate'],
    ['{"\\uDC00":1}', '/\ufffd', 'lone_surrogate'],
    ['{"a":{"__proto__":{}}}', '/a/__proto__', 'proto_key'],
    ['{"a":', '', 'malformed_json'],
    ['', '', 'malformed_json'],
    ['NaN', '', 'malformed_json'],
  ])('%s is refused', (text, path, reason) => {
    const error = refusal(() => StoredValue.parse(text));
    expect(error.code).toBe('invalid_value');
    expect(error.details).toEqual({ path, reason });
  });

  test.each([
    [' { "a" : 1.0 } ', '{"a":1}'],
    ['"9007199254740993"', '"9007199254740993"'],
    ['9007199254740991', '9007199254740991'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['"\\ud83d\\ude00"', '"😀"'],
  ])('%s is kept as %s', (text, content) => {
    expect(StoredValue.parse(text).content).toBe(content);
  });

  test('never keeps an integer other than the one that was sent', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
        const text = `[${integer}]`;
        const safe = integer >= -(2n ** 53n) + 1n && integer <= 2n ** 53n - 1n;
        if (safe) expect(StoredValue.parse(text).content).toBe(text);
        else expect(refusal(() => StoredValue.parse(text)).details['path']).toBe('/0');
      }),
    );
  });
});

describe('equality', () => {
  test.each([
    ['{"a":1,"b":[{}]}', '{"b":[{}],"a":1}', true],
    ['1', '1.0', true],
    ['[1,2]', '[2,1]', false],
    ['[]', '{}', false],
    ['null', '{}', false],
    ['{"a":null}', '{"b":null}', false],
    ['{"a":1}', '{"a":1,"b":2}', false],
    ['1', '"1"', false],
    ['{"toString":1}', '{"x":1}', false],
  ])('%s and %s: %s', (a, b, equal) => {
    expect(StoredValue.trusted(a).equals(StoredValue.trusted(b))).toBe(equal);
    expect(StoredValue.trusted(b).equals(StoredValue.trusted(a))).toBe(equal);
  });

  test('of bytes is by content, and bytes never equal text', () => {
    const bytes = StoredValue.of(Buffer.from('1'));
    expect(bytes.equals(StoredValue.trusted(new Uint8Array([0x31])))).toBe(true);
    expect(bytes.equals(StoredValue.of(Buffer.from('12')))).toBe(false);
    expect(bytes.equals(StoredValue.of(1))).toBe(false);
    expect(StoredValue.of(1).equals(bytes)).toBe(false);
  });
});

test('a value shows itself to logs and debuggers', () => {
  const bytes = StoredValue.of(Buffer.from('a'));
  expect(JSON.stringify({ a: StoredValue.of({ b: 1 }), c: bytes })).toBe(
    '{"a":{"b":1},"c":{"base64":"YQ=="}}',
  );
  expect(inspect(StoredValue.of([1]))).toBe('StoredValue([1])');
  expect(inspect(StoredValue.of('x'.repeat(500))).length).toBeLessThan(140);
  expect(inspect(bytes)).toBe('StoredValue(1 bytes)');
});
