/**
 * The airline example: killed at random moments and started again, it ends in the state of a run
 * that nobody disturbed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { ended, linesOf, start, temporaryFolder, CommandLine } from './command.ts';

const recorded =
  process.env['HOLDFAST_DATA'] ?? join(import.meta.dirname, '../../../shared/data/tau-bench');
const hasRecorded = existsSync(join(recorded, 'trajectories.jsonl'));

/** Everything that the example keeps, but for the cache, which lives by the clock. */
async function stateOf(path: string): Promise<Record<string, unknown>> {
  await using store = await open(`file:${path}`, { readOnly: true });
  const app = store.app('airline');
  const state: Record<string, unknown> = {};
  for (const name of ['users', 'reservations', 'visits', 'totals', 'progress', 'load']) {
    for await (const { key, value } of app.scope(name).entries()) state[`${name} ${key}`] = value;
  }
  for await (const name of app.lists()) state[`list ${name}`] = await app.list(name).range();
  return state;
}

function play(path: string, args: readonly string[]) {
  return start('examples/airline/main.ts', ['--store', `file:${path}`, ...args]);
}

async function playWhole(path: string, args: readonly string[]): Promise<string> {
  const result = await ended(play(path, args));
  expect(result).toMatchObject({ code: 0, error: '' });
  return result.out;
}

/** Kills the example somewhere in its work. Tells whether it was at work. */
async function killOnce(path: string, args: readonly string[], delayMs: number): Promise<boolean> {
  const child = play(path, args);
  const result = ended(child);
  const atWork = new Promise((resolve) => child.stdout!.once('data', resolve));
  await Promise.race([atWork, result]);
  await sleep(delayMs);
  child.kill('SIGKILL');
  return (await result).code === null;
}

async function survivesKills(
  args: readonly string[],
  kills: number,
  spanMs: number,
): Promise<void> {
  const folder = await temporaryFolder();
  const [calm, rough] = [join(folder, 'calm.db'), join(folder, 'rough.db')];
  const random = seededRandom(runSeed);
  await playWhole(calm, args);
  let killed = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    // Early at first: on a quick machine the whole run is soon over.
    const delayMs = random.float() * spanMs * ((kill + 1) / kills) ** 2;
    if (await killOnce(rough, args, delayMs)) killed += 1;
  }
  await playWhole(rough, args);
  expect(killed).toBeGreaterThan(0);
  expect(await stateOf(rough)).toEqual(await stateOf(calm));
  const doctor = await new CommandLine(rough).run('doctor');
  expect(linesOf(doctor.out)).toMatchObject([{ problems: 0 }]);
}

describe('the airline', () => {
  test('says what it used, and plays another round on top of what is there', async () => {
    const path = join(await temporaryFolder(), 'airline.db');
    const first = await playWhole(path, []);
    expect(first).toContain('Data: made by this example');
    expect(first).toMatch(/conversations finished +16\n/);
    const second = await playWhole(path, []);
    expect(second).toContain('they were there');
    expect(second).toContain('Round 2');
    expect(second).toMatch(/conversations finished +32\n/);
    const visits = linesOf(
      (await new CommandLine(path).run('-a', 'airline', 'list', 'visits')).out,
    );
    expect(visits.reduce((sum, { value }) => sum + (value as number), 0)).toBe(32);
    const log = await new CommandLine(path).lines('-a', 'airline', 'log', '--last', '5');
    expect(log.length).toBeGreaterThan(4);
  });

  test('killed at random moments, it ends where an undisturbed run ends', async () => {
    await survivesKills(['--rounds', '2', '--concurrency', '5', '--pace', '5'], runCount(5), 200);
  });

  test('two processes on one store share the work', async () => {
    const folder = await temporaryFolder();
    const [calm, shared] = [join(folder, 'calm.db'), join(folder, 'shared.db')];
    const args = ['--rounds', '1'];
    await playWhole(calm, args);
    await Promise.all([playWhole(shared, args), playWhole(shared, args)]);
    expect(await stateOf(shared)).toEqual(await stateOf(calm));
  });

  test.skipIf(!hasRecorded)('the recorded conversations, killed at random moments', async () => {
    const args = ['--data', recorded, '--rounds', '1', '--concurrency', '16'];
    await survivesKills(args, runCount(5), 1000);
  });
});
