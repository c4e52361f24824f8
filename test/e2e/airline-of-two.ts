/** The airline on a server: only the URL is another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { ended, start } from './command.ts';
import { runCount, runSeed } from '../robustness/runs.ts';

/** Everything that the example keeps, but for the cache, which lives by the clock. */
async function stateOf(url: string): Promise<Record<string, unknown>> {
  await using store = await open(url, { readOnly: true });
  const app = store.app('airline');
  const state: Record<string, unknown> = {};
  for (const name of ['users', 'reservations', 'visits', 'totals', 'progress', 'load']) {
    for await (const { key, value } of app.scope(name).entries()) state[`${name} ${key}`] = value;
  }
  for await (const name of app.lists()) state[`list ${name}`] = await app.list(name).range();
  return state;
}

function play(url: string, ...more: string[]) {
  const args = ['--store', url, '--rounds', '1', '--concurrency', '4', ...more];
  return start('examples/airline/main.ts', args);
}

/** Registers the test for one kind of store. */
export function airlineOfTwo(newUrl: () => string): void {
  const seeds = Array.from({ length: runCount(1, 0.02) }, (_, index) => runSeed + index);
  test.each(seeds)('two processes at once, one killed in the middle, seed %i', async (seed) => {
    const [calm, shared] = [newUrl(), newUrl()];
    expect(await ended(play(calm))).toMatchObject({ code: 0, error: '' });
    const victim = play(shared, '--pace', '5');
    const survivor = play(shared, '--pace', '5');
    const [killed, finished] = [ended(victim), ended(survivor)];
    await Promise.race([new Promise((resolve) => victim.stdout!.once('data', resolve)), killed]);
    await sleep(seededRandom(seed).float() * 400);
    victim.kill('SIGKILL');
    expect((await killed).code).toBe(null);
    expect(await finished).toMatchObject({ code: 0, error: '' });
    expect(await stateOf(shared)).toEqual(await stateOf(calm));
  });
}
