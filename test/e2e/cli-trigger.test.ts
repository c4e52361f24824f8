/** `holdfast trigger …` beside a process that runs the trigger. */
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { CommandLine } from './command.ts';

async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) await systemClock.sleep(20);
}

test('triggers are paused and resumed, dead letters read, replayed and dropped', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  await using store = await open(`file:${cli.store}`);
  const app = store.app('default');
  const state = { isWell: false, seen: [] as unknown[] };
  const options = { scope: 'in', retry: { attempts: 1 } };
  const trigger = await app.trigger('mail', options, ({ new_value }) => {
    if (!state.isWell) throw new Error('the mail server is down');
    state.seen.push(new_value);
  });
  await app.scope('in').setMany({ a: 1, b: 2, c: 3 });
  await until(async () => (await trigger.stats()).deadLetters === 3);
  expect(await cli.lines('trigger', 'list')).toMatchObject([
    { name: 'mail', isPaused: false, lag: 0, parked: 0, deadLetters: 3, workers: 1 },
  ]);
  const table = await cli.run('--table', 'trigger', 'list');
  expect(table.out).toMatch(/mail +1 running +in \* +0 +[\d.]+ +0 +3/);

  const letters = await cli.lines('trigger', 'dead-letters', 'mail');
  expect(letters).toHaveLength(3);
  expect(letters[0]).toMatchObject({
    reason: 'failed',
    error: 'the mail server is down',
    event: { event_type: 'state:created', scope: 'in' },
  });
  state.isWell = true;
  const [first, second] = letters.map(({ id }) => String(id));
  expect(await cli.lines('trigger', 'drop', 'mail', first ?? '')).toEqual([{ count: 1 }]);
  expect(await cli.lines('trigger', 'replay', 'mail', second ?? '')).toEqual([{ count: 1 }]);
  await until(() => state.seen.length === 1);

  expect((await cli.run('trigger', 'pause', 'mail')).code).toBe(0);
  await until(() => trigger.state === 'paused');
  expect(await cli.lines('trigger', 'replay', 'mail', '--all')).toEqual([{ count: 1 }]);
  expect((await cli.run('trigger', 'resume', 'mail')).code).toBe(0);
  await until(() => state.seen.length === 2);

  for (const [args, code] of [
    [['trigger', 'pause', 'none'], 3],
    [['trigger', 'replay', 'mail', 'no such one'], 3],
    [['trigger', 'drop', 'mail'], 2],
  ] as const) {
    expect((await cli.run(...args)).code).toBe(code);
  }
});
