import fc from 'fast-check';
import { expect, test } from 'vitest';
import { portableSha256, sha256 } from './sha256.ts';

test('the runtime’s hash and the portable one are the same', () => {
  expect(sha256).not.toBe(portableSha256);
  const data = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(data, (given) => {
      expect(Buffer.from(sha256(given))).toEqual(Buffer.from(portableSha256(given)));
    }),
  );
});

test('the hash of "abc" is the one that the standard gives', () => {
  const known = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  for (const hash of [sha256, portableSha256]) {
    expect(Buffer.from(hash('abc')).toString('hex')).toBe(known);
  }
});
