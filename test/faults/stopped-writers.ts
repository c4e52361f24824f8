/** Processes that write to one store and are stopped where they are, for a while. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { Account } from './account.ts';

const script = join(import.meta.dirname, 'writer.ts');
const together = 3;
/** The longest stop: several times as long as a stalled client may hold a ledger. */
const stopMs = 1200;
/** How long the others may take to go on. */
const goOnMs = 60_000;

function writing(url: string, name: string, account: Account, heard: () => void): ChildProcess {
  const child = spawn(process.execPath, [script, url, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    account.hear(line);
    heard();
  });
  return child;
}

/**
 * Registers the test for one kind of store. The others go on while one is stopped; what it was told
 * before, and after, is true.
 */
export function stoppedWriters(newUrl: () => string): void {
  const stops = runCount(6, 0.1);
  test(`writers are stopped ${stops} times (seed ${runSeed})`, async () => {
    const random = seededRandom(runSeed);
    const url = newUrl();
    const account = new Account();
    const heard = Array.from({ length: together }, () => 0);
    const children = heard.map((_, index) =>
      writing(url, `writer-${index}`, account, () => {
        heard[index] = (heard[index] ?? 0) + 1;
      }),
    );
    const hears = async (indexes: readonly number[], more: number): Promise<void> => {
      const goals = indexes.map((index) => (heard[index] ?? 0) + more);
      const deadline = performance.now() + goOnMs;
      while (indexes.some((index, at) => (heard[index] ?? 0) < (goals[at] ?? 0))) {
        if (performance.now() > deadline) {
          throw new Error(`writers ${indexes.join()} do not go on; heard ${heard.join()}`);
        }
        await sleep(5);
      }
    };
    try {
      await hears([0, 1, 2], 5);
      for (let stop = 0; stop < stops; stop += 1) {
        await sleep(random.float() * 30);
        const victim = Math.floor(random.float() * together);
        const others = [0, 1, 2].filter((index) => index !== victim);
        children[victim]?.kill('SIGSTOP');
        await Promise.all([hears(others, 5), sleep(random.float() * stopMs)]);
        children[victim]?.kill('SIGCONT');
        await hears([victim], 1);
      }
    } finally {
      const ends = children.map((child) => once(child, 'close'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ends);
    }
    await using store = await open(url);
    await account.verify(store.app('app').ledger);
    expect([...account.unknown]).toEqual([]);
  });
}
