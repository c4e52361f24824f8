/**
 * P8, P10 through `kill -9` and SIGSTOP: a workflow whose process dies anywhere ends as if it had
 * not, and an owner that slept changes nothing any more.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { runCount, runSeed } from './runs.ts';
import { play, steps, traces } from './workflow/flow.ts';

/** About as long as the workflow takes, so that kills fall anywhere in it. */
const spanMs = 160;
const killsMax = 3;

async function inFolder(work: (url: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-workflow-'));
  try {
    await work(`file:${join(folder, 'store.db')}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function start(script: string, ...args: readonly string[]): ChildProcess {
  const path = join(import.meta.dirname, 'workflow', script);
  return spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function line(child: ChildProcess): Promise<string> {
  const [data] = (await once(child.stdout!, 'data')) as [Buffer];
  return data.toString().trim();
}

/** Whether it was still at work. */
async function playAndKill(url: string, seed: number, delayMs: number): Promise<boolean> {
  const child = start('player.ts', url, String(seed));
  const closed = once(child, 'close') as Promise<[number | null]>;
  await Promise.race([once(child.stdout!, 'data'), closed]);
  await systemClock.sleep(delayMs);
  child.kill('SIGKILL');
  const [code] = await closed;
  expect([0, null]).toContain(code);
  return code === null;
}

async function calmTraces(): Promise<unknown> {
  await using store = await open('memory:');
  await play(store.app('app'), 1).result();
  return await traces(store.app('app'));
}

describe('workflows through kill -9', () => {
  test('killed anywhere, any number of times, it ends as if it had not been', async () => {
    const calm = await calmTraces();
    expect(calm).toMatchObject({ status: 'completed', step: steps, counts: { all: 57, w1: 7 } });
    let killed = 0;
    for (let seed = runSeed; seed < runSeed + runCount(6); seed += 1) {
      const random = seededRandom(seed);
      const kills = 1 + Math.floor(random.float() * killsMax);
      await inFolder(async (url) => {
        for (let kill = 0; kill < kills; kill += 1) {
          if (await playAndKill(url, seed, random.float() * spanMs)) killed += 1;
        }
        await using store = await open(url, { memberTtlMs: 60 });
        await play(store.app('app'), seed).result();
        expect(await traces(store.app('app')), `seed ${seed}`).toEqual(calm);
      });
    }
    expect(killed).toBeGreaterThan(0);
  });
});

describe('two owners', () => {
  test('one that was stopped in its step and replaced is refused when it wakes', async () => {
    await inFolder(async (url) => {
      const child = start('sleeper.ts', url);
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
      expect([await app.scope('users').has('ada'), await app.list('log').length()]).toEqual([
        false,
        0,
      ]);
    });
  });
});
