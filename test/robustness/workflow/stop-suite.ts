/** P10 through SIGSTOP, on any store: an owner that slept and was replaced changes nothing. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { open } from '../../../src/index.ts';
import { runCount } from '../runs.ts';
import { startScript } from './kill-suite.ts';
import type { KilledStore } from './kill-suite.ts';

async function line(child: ChildProcess): Promise<string> {
  const [data] = (await Promise.race([
    once(child.stdout!, 'data'),
    once(child, 'close').then(() => ['(it ended)']),
  ])) as [Buffer | string];
  return data.toString().trim();
}

async function sleepThroughTakeover(url: string): Promise<void> {
  const child = startScript('sleeper.ts', url);
  const closed = once(child, 'close');
  expect(await line(child)).toBe('open');
  child.kill('SIGSTOP');
  await using store = await open(url);
  const app = store.app('app');
  await using run = await app.runs('flow').open('r', { waitMs: 20_000 });
  const step = run.step();
  step.view('heir').set('n', 1);
  await step.commit();
  child.kill('SIGCONT');
  child.stdin!.write('now\n');
  expect(await line(child)).toBe('fenced');
  await closed;
  const next = run.step();
  next.view('heir').update('n', [{ op: 'increment' }]);
  await next.commit();
  expect([run.state.get('n'), run.latest.id]).toEqual([2, 2]);
  expect([await app.scope('users').has('ada'), await app.list('log').length()]).toEqual([false, 0]);
}

/** Registers the test for one kind of store. */
export function stopSuite(name: string, newStore: () => Promise<KilledStore> | KilledStore): void {
  const times = runCount(1, 0.1);
  describe(`two owners: ${name}`, () => {
    test(`one that was stopped in its step and replaced is refused when it wakes (${times})`, async () => {
      for (let time = 0; time < times; time += 1) {
        const store = await newStore();
        try {
          await sleepThroughTakeover(store.url);
        } finally {
          await store.remove();
        }
      }
    });
  });
}
