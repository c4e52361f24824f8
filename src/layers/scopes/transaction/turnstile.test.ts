import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../testing/index.ts';
import { Turnstile } from './turnstile.ts';

describe('a turnstile', () => {
  test('lets one after the other through, per address', async () => {
    const turnstile = new Turnstile(new ManualClock());
    const order: string[] = [];
    const first = await turnstile.enter('a');
    const second = turnstile.enter('a').then((turn) => {
      order.push('second');
      turn.release();
    });
    const third = turnstile.enter('a').then(() => order.push('third'));
    (await turnstile.enter('b')).release();
    order.push('first');
    first.release();
    await Promise.all([second, third]);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  test('holds nobody up for good', async () => {
    const clock = new ManualClock();
    const turnstile = new Turnstile(clock);
    await turnstile.enter('a');
    const next = turnstile.enter('a');
    await clock.pass(1000);
    expect((await next).address).toBe('a');
    expect(clock.pending).toBe(0);
  });
});
