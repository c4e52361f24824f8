/** Values that would not survive, times that are none, operations that no update may have. */
import { limits } from '../../../ledger/index.ts';
import { set } from '../acts.ts';
import { check, mutation, operation, value } from './case.ts';
import type { Case, Wrong } from './case.ts';

class Celsius {
  readonly degrees = 20;
}

function cyclic(): unknown {
  const loop: Record<string, unknown> = {};
  loop['self'] = { loop };
  return loop;
}

export const values: readonly Case[] = [
  value('a set of NaN', { a: [1, Number.NaN] }, '/a/1'),
  value('a set of Infinity', { a: { b: Infinity } }, '/a/b'),
  value('a set of an integer past 2^53', { 'a/b': 2 ** 53 }, '/a~1b'),
  value('a set of a bigint', [1n], '/0'),
  value('a set of undefined', undefined, 'undefined'),
  value('a set of an array with undefined', { list: [undefined] }, '/list/0'),
  value('a set of a function', { run: () => 1 }, '/run'),
  value('a set of a symbol', { s: Symbol('s') }, '/s'),
  value('a set of a Map', { m: new Map() }, '/m'),
  value('a set of a Date', { at: new Date(0) }, '/at'),
  value('a set of a class instance', { t: new Celsius() }, '/t'),
  value('a set of a cycle', cyclic(), 'cycle'),
  value('a set of text with a lone surrogate', { t: ['\udc00'] }, '/t/0'),
  value('a set of a name with a lone surrogate', { a: { '\ud800': 1 } }, '/a'),
  value('a set of a __proto__ member', JSON.parse('{"a":{"__proto__":1}}'), '/a/__proto__'),
  check('a check of a value that is none', 'invalid_value', {
    kind: 'value',
    scope: 's',
    key: 'k',
    value: Number.NaN,
  }),
];

const times = [0, -1, 1.5, Number.NaN, Infinity, '5', true, {}, limits.ttlMsMax + 1, 2 ** 60];

export const ttls: readonly Case[] = times.flatMap((ttlMs): Case[] => [
  mutation(
    `a set with ttlMs ${JSON.stringify(ttlMs)}`,
    'invalid_argument',
    set('k', 1, { ttlMs } as Wrong),
  ),
  mutation(`a touch with ttlMs ${JSON.stringify(ttlMs)}`, 'invalid_argument', {
    kind: 'touch',
    scope: 's',
    key: 'k',
    ttlMs,
  }),
  mutation(`an update with ttlMs ${JSON.stringify(ttlMs)}`, 'invalid_argument', {
    kind: 'update',
    scope: 's',
    key: 'k',
    operations: [{ op: 'increment' }],
    ttlMs,
  }),
]);

export const operations: readonly Case[] = [
  operation('an unknown operation', 'invalid_operation', { op: 'explode' }),
  operation('an operation that is null', 'invalid_operation', null),
  operation('an operation that is text', 'invalid_operation', 'increment'),
  operation('an operation without a name', 'invalid_operation', {}),
  operation('a path through __proto__', 'invalid_operation', {
    op: 'set',
    path: ['a', '__proto__', 'b'],
    value: 1,
  }),
  operation('a path through constructor', 'invalid_operation', {
    op: 'set',
    path: '/constructor/prototype/x',
    value: 1,
  }),
  operation('a path that is a number', 'invalid_operation', { op: 'increment', path: 7 }),
  operation('an increment by a fraction of text', 'invalid_operation', {
    op: 'increment',
    by: 'x',
  }),
  operation('an increment by NaN', 'invalid_operation', { op: 'increment', by: Number.NaN }),
  mutation('an update without operations', 'invalid_operation', {
    kind: 'update',
    scope: 's',
    key: 'k',
  }),
  mutation('an update with operations that are no list', 'invalid_operation', {
    kind: 'update',
    scope: 's',
    key: 'k',
    operations: { op: 'increment' },
  }),
];
