/**
 * P9: pruned, forked, restored and reopened in any order, every checkpoint that is kept equals the
 * full copy that a plain reference made of it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { Rehearsal } from './runs/rehearsal.ts';

const commandsPerRun = 60;

async function rehearse(url: string, seed: number): Promise<void> {
  await using store = await open(url, { random: seededRandom(seed) });
  const rehearsal = new Rehearsal(store.app('app').runs('flow'), seed);
  try {
    for (let n = 0; n < commandsPerRun; n += 1) await rehearsal.command();
    await rehearsal.compare();
  } catch (cause) {
    const text = `seed ${seed}, after: ${rehearsal.told.join('; ')}`;
    throw new Error(`${text}\n${(cause as Error).message}`, { cause });
  } finally {
    await rehearsal.close();
  }
}

describe('runs against full copies', () => {
  test('in memory', async () => {
    for (let n = 0; n < runCount(40, 0.5); n += 1) await rehearse('memory:', runSeed + n);
  });

  test('on SQLite', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-runs-'));
    try {
      for (let n = 0; n < runCount(12, 0.5); n += 1) {
        await rehearse(`file:${join(folder, `${n}.db`)}`, runSeed + n);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(runSeed).toBeGreaterThanOrEqual(0);
  });
});
