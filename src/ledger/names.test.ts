import { describe, expect, test } from 'vitest';
import { isHoldfastError } from '../errors/index.ts';
import { limits } from './limits.ts';
import { checkApp, checkClient, checkKey, checkKeyBound, checkPin, checkScope } from './names.ts';

type Check = (name: unknown) => void;

const sized: [string, Check, number][] = [
  ['scope', (name) => checkScope(name), limits.scopeBytes],
  ['key', (name) => checkKey(name), limits.keyBytes],
  ['client', (name) => checkClient(name), limits.clientNameBytes],
  ['pin', (name) => checkPin(name), limits.pinNameBytes],
];

function refusal(check: Check, name: unknown): { message: string; details: object } {
  try {
    check(name);
  } catch (error) {
    if (isHoldfastError(error, 'invalid_name')) return error;
    throw error;
  }
  throw new Error(`accepted ${String(name)}`);
}

describe.each(sized)('a %s', (kind, check, limit) => {
  test('counts UTF-8 bytes, and its limit is inclusive', () => {
    for (const [letter, bytes] of [
      ['a', 1],
      ['é', 2],
      ['語', 3],
      ['😀', 4],
    ] as const) {
      const count = Math.floor(limit / bytes);
      const padding = 'a'.repeat(limit - count * bytes);
      check(letter.repeat(count) + padding);
      const { message, details } = refusal(check, `${letter.repeat(count)}${padding}b`);
      expect(message).toContain(`has ${limit + 1} bytes; at most ${limit}`);
      expect(details).toMatchObject({ kind, reason: 'too_long', limit });
    }
  });

  test.each([
    ['', 'empty'],
    ['a\0b', 'nul'],
    ['a\ud800', 'lone_surrogate'],
    ['\udc00a', 'lone_surrogate'],
    [undefined, 'not_text'],
    [null, 'not_text'],
    [7, 'not_text'],
  ])('is not %j (%s)', (name, reason) => {
    const { message, details } = refusal(check, name);
    expect(message).toContain(`the ${kind} `);
    expect(details).toMatchObject({ kind, reason });
    expect(message.isWellFormed()).toBe(true);
  });

  test.each(['a', 'a/b', ' ', 'é', '😀', '__proto__', 'a\nb', '.'])('may be %j', (name) => {
    check(name);
  });
});

test('a long bad name is cut in the message, whole pairs or not', () => {
  const { message } = refusal((name) => checkKey(name), `${'x'.repeat(63)}${'😀'.repeat(500)}`);
  expect(message.length).toBeLessThan(160);
  expect(message.isWellFormed()).toBe(true);
});

test.each(['a', 'A.b_c-9', 'x'.repeat(64)])('an app may be %j', (name) => checkApp(name));

test.each([
  ['', 'empty'],
  ['x'.repeat(65), 'too_long'],
  ['a/b', 'character'],
  ['a b', 'character'],
  ['é', 'character'],
  ['a\n', 'character'],
  [undefined, 'not_text'],
])('an app is not %j (%s)', (name, reason) => {
  const { details } = refusal((app) => checkApp(app), name);
  expect(details).toMatchObject({ kind: 'app', reason });
});

test.each(['$ledger', '$ledger/large', '$sys', '$sys/tokens', '$system'])(
  '%s is reserved',
  (name) => {
    const { details } = refusal((scope) => checkScope(scope), name);
    expect(details).toMatchObject({ kind: 'scope', name, reason: 'reserved' });
  },
);

test.each(['$runs/users', '$ledgers', '$', 'a$sys', '$Sys'])('%s is not reserved', (name) => {
  checkScope(name);
});

test('a bound of keys may be empty, and is a key otherwise', () => {
  checkKeyBound('prefix', '');
  checkKeyBound('prefix', 'a');
  const { message } = refusal((bound) => checkKeyBound('prefix', bound), 'a\0');
  expect(message).toContain('the prefix "a\\u0000" holds a NUL');
});
