/** Processes that write to one store and are killed: what they were told is there, and whole. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { Account } from './account.ts';

const script = join(import.meta.dirname, 'writer.ts');
const together = 3;

/** A writer that is killed after it was acknowledged `most` commits. */
async function killedWriter(
  url: string,
  name: string,
  most: number,
  account: Account,
): Promise<void> {
  const child = spawn(process.execPath, [script, url, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    account.hear(line);
    heard += 1;
    if (heard === most) child.kill('SIGKILL');
  }
  const [, signal] = (await exited) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

/** Registers the test for one kind of store. */
export function killedWriters(newUrl: () => string): void {
  const kills = runCount(9, 0.1);
  test(`writers are killed ${kills} times (seed ${runSeed})`, async () => {
    const random = seededRandom(runSeed);
    const url = newUrl();
    const account = new Account();
    for (let killed = 0; killed < kills; killed += together) {
      await Promise.all(
        Array.from({ length: together }, (_, index) => {
          const most = 1 + Math.floor(random.float() * 200);
          return killedWriter(url, `writer-${killed + index}`, most, account);
        }),
      );
    }
    await using store = await open(url);
    await account.verify(store.app('app').ledger);
    expect(account.acknowledged.size).toBeGreaterThan(kills);
    expect([account.codes, [...account.unknown]]).toEqual([[], []]);
  });
}
