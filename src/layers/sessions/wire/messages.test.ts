import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHoldfastError } from '../../../errors/index.ts';
import { hostFrame, workerFrame } from './messages.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const count = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 30 });
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const held = fc.record({
  version: count,
  hash: some(
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b).toString('hex')),
  ),
});
const none = { complete: undefined, failed: undefined, draining: undefined };

const turn = fc.record({
  request: count,
  session: text,
  turn: text,
  agent: text,
  input: text,
  metadata: text,
  base: some(held),
  delta: some(bytes),
  snapshot: some(bytes),
  deltaFrom: count,
  attempt: count,
  next: count,
});
const complete = fc.record({
  request: count,
  base: count,
  state: some(held),
  delta: some(bytes),
  snapshot: some(bytes),
  output: some(text),
});
const hello = fc.record({
  worker: text,
  agents: fc.array(fc.record({ name: text, payload: text }), { maxLength: 3 }),
  capacity: count,
  holdings: fc.array(fc.record({ session: text, state: some(held) }), { maxLength: 3 }),
});

describe('frames', () => {
  test('what was written is read', () => {
    fc.assert(
      fc.property(turn, complete, hello, (asked, answered, greeting) => {
        const cold = { cancel: undefined, drain: undefined };
        expect(hostFrame.decode(hostFrame.encode({ turn: asked }))).toEqual({
          turn: asked,
          ...cold,
        });
        expect(workerFrame.decode(workerFrame.encode({ complete: answered }))).toEqual({
          ...none,
          hello: undefined,
          event: undefined,
          complete: answered,
        });
        expect(workerFrame.decode(workerFrame.encode({ hello: greeting })).hello).toEqual(greeting);
      }),
    );
  });

  test('messages without fields are there, too', () => {
    expect(workerFrame.decode(workerFrame.encode({ draining: {} })).draining).toEqual({});
    expect(hostFrame.decode(hostFrame.encode({ drain: {} })).drain).toEqual({});
  });

  test('whatever comes, it is read or refused as no frame', () => {
    const mutated = fc.tuple(turn, fc.nat(), fc.nat(255)).map(([asked, at, byte]) => {
      const frame = hostFrame.encode({ turn: asked });
      frame[at % frame.length] = byte;
      return frame;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (frame) => {
        for (const side of [hostFrame, workerFrame]) {
          try {
            side.decode(frame);
          } catch (error) {
            expect(isHoldfastError(error, 'protocol')).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a hot turn is a few bytes', () => {
    const hash = 'ab'.repeat(16);
    const asked = {
      request: 7,
      session: 'ada/42',
      turn: 'turn 12',
      agent: 'agent',
      input: '',
      metadata: '',
      base: { version: 11, hash },
      deltaFrom: 0,
      attempt: 1,
      next: 12,
    };
    expect(hostFrame.encode({ turn: asked }).byteLength).toBeLessThan(64);
  });
});
