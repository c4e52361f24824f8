/** What a server's metrics say of triggers, whoever runs them. */
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { serve } from '../../src/server/index.ts';

/** The value of a metric of one trigger. */
function valueOf(text: string, name: string, trigger: string): number | undefined {
  const start = `holdfast_trigger_${name}{app="shop",trigger="${trigger}"} `;
  const line = text.split('\n').find((one) => one.startsWith(start));
  return line === undefined ? undefined : Number(line.slice(start.length));
}

test('lag, rate, parked events and dead letters of a worker are told by the server', async () => {
  await using store = await open('memory:');
  await using server = await serve(store, { port: 0, processMetrics: false });
  await using connected = await open(server.url);
  const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
  expect(await metrics()).not.toContain('holdfast_trigger_lag_revisions{');
  const app = connected.app('shop');
  const trigger = await app.trigger('t', { scope: 'in', retry: { attempts: 1 } }, (event) => {
    if (event.key === 'bad') throw new Error('bad');
  });
  await trigger.pause();
  await app.scope('in').setMany({ good: 1, bad: 2, late: 3 });
  const before = await metrics();
  expect(valueOf(before, 'lag_revisions', 't')).toBe(1);
  expect([valueOf(before, 'paused', 't'), valueOf(before, 'workers', 't')]).toEqual([1, 1]);
  expect(valueOf(before, 'dead_letters', 't')).toBe(0);
  await trigger.resume();
  const lag = async (): Promise<unknown> => valueOf(await metrics(), 'lag_revisions', 't');
  await expect.poll(lag, { timeout: 10_000 }).toBe(0);
  const after = await metrics();
  expect(valueOf(after, 'dead_letters', 't')).toBe(1);
  expect(valueOf(after, 'events_per_second', 't')).toBeGreaterThan(0);
  expect([valueOf(after, 'paused', 't'), valueOf(after, 'parked_events', 't')]).toEqual([0, 0]);
  await trigger.stop();
  await store.app('shop').triggers.records('t').remove();
  expect(valueOf(await metrics(), 'lag_revisions', 't')).toBeUndefined();
});
