/**
 * P1, P5 through `kill -9`: writers are killed at random moments, the store is opened and judged,
 * and the next writers go on with it.
 *
 * A kill loses nothing that was written, synced or not, so here even `relaxed` must survive. What
 * it shows is what half a group, half a checkpoint or half a sweep leaves behind, and that
 * processes that share the file come through the death of one of them.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/internal/clock.ts';
import { seededRandom } from '../../src/internal/random.ts';
import type { Random } from '../../src/internal/random.ts';
import { readAcks } from './load/acks.ts';
import { runCount, runSeed } from './runs.ts';
import { verifyStore } from './verify/verify.ts';

const script = join(import.meta.dirname, 'load', 'writer.ts');

interface Writer {
  readonly name: string;
  readonly child: ChildProcess;
  /** Resolves to the complaints of a writer that ended by itself, or to nothing. */
  readonly ended: Promise<string>;
}

function startWriter(folder: string, name: string, seed: number, count: number): Writer {
  const child = spawn(process.execPath, [script, folder, name, String(seed), String(count)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 || code === null ? '' : complaints));
  });
  return { name, child, ended };
}

/** Waits until every writer was answered, so that the kill meets them at work. */
async function untilAtWork(folder: string, writers: readonly Writer[]): Promise<void> {
  const deadline = systemClock.monotonic() + 30_000;
  for (;;) {
    const acks = readAcks(folder);
    const isWaiting = ({ name, child }: Writer) =>
      child.exitCode === null && (acks.get(name) ?? []).length === 0;
    if (!writers.some(isWaiting)) return;
    if (systemClock.monotonic() > deadline) throw new Error('a writer does not start to work');
    await systemClock.sleep(2);
  }
}

interface Round {
  readonly folder: string;
  readonly names: readonly string[];
  readonly seed: number;
  readonly random: Random;
  /** Whether the writers that were not killed go on to their end. */
  readonly othersGoOn: boolean;
}

/** Starts the writers, kills one or all of them at a random moment, and judges what is left. */
async function killRound({ folder, names, seed, random, othersGoOn }: Round): Promise<void> {
  const count = othersGoOn ? 150 : 0;
  const writers = names.map((name) => startWriter(folder, name, seed, count));
  try {
    await untilAtWork(folder, writers);
    await systemClock.sleep(random.float() ** 2 * 250);
    const victims = othersGoOn ? writers.slice(0, 1) : writers;
    for (const { child } of victims) child.kill('SIGKILL');
    const complaints = await Promise.all(writers.map(({ ended }) => ended));
    expect(complaints.join(''), `a writer failed (seed ${seed})`).toBe('');
  } finally {
    for (const { child } of writers) child.kill('SIGKILL');
  }
  await judge(folder, seed);
}

async function judge(folder: string, seed: number): Promise<void> {
  const kept = `${folder}-found`;
  // Verifying writes, and opening recovers: what was found is kept for whoever looks into it.
  cpSync(folder, kept, { recursive: true });
  const said = { seed, acks: readAcks(folder), relaxedMayBeLost: false };
  const { problems, commits } = await verifyStore(folder, said);
  expect(String(problems), `seed ${seed}, the store as it was found: ${kept}`).toBe('');
  expect(commits).toBeGreaterThan(0);
  rmSync(kept, { recursive: true });
}

async function withStore(body: (folder: string) => Promise<void>): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'holdfast-kill-'));
  const folder = join(base, 'store');
  mkdirSync(folder);
  await body(folder);
  rmSync(base, { recursive: true, force: true });
}

describe('kill -9', () => {
  const kills = runCount(10, 1 / 5);
  const roundsPerStore = 5;

  test(`of the only writer, ${kills} times (seed ${runSeed})`, async () => {
    const random = seededRandom(runSeed);
    for (let done = 0; done < kills; done += roundsPerStore) {
      const seed = Math.floor(random.float() * 2 ** 31);
      await withStore(async (folder) => {
        for (let round = 0; round < Math.min(roundsPerStore, kills - done); round += 1) {
          await killRound({ folder, names: [`w${round}`], seed, random, othersGoOn: false });
        }
      });
    }
  });

  const sharedKills = runCount(3, 1 / 20);

  test(`of one of three writers of a file, ${sharedKills} times (seed ${runSeed})`, async () => {
    const random = seededRandom(runSeed + 1);
    for (let done = 0; done < sharedKills; done += 1) {
      const seed = Math.floor(random.float() * 2 ** 31);
      await withStore(async (folder) => {
        await killRound({ folder, names: ['a', 'b', 'c'], seed, random, othersGoOn: true });
      });
    }
  });

  const jointKills = runCount(2, 1 / 40);

  test(`of all three writers of a file, ${jointKills} times (seed ${runSeed})`, async () => {
    const random = seededRandom(runSeed + 2);
    for (let done = 0; done < jointKills; done += 1) {
      const seed = Math.floor(random.float() * 2 ** 31);
      await withStore(async (folder) => {
        await killRound({ folder, names: ['a', 'b', 'c'], seed, random, othersGoOn: false });
      });
    }
  });
});
