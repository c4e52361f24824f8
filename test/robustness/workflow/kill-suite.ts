/**
 * P8 through `kill -9`, on any store: a workflow whose process dies anywhere ends as if it had not.
 *
 * A seed decides how often the process is killed and where: at which of its events, and how long
 * after it, so that kills fall before, in and after commits however slow the machine is.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { open } from '../../../src/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Random } from '../../../src/internal/random.ts';
import { runCount, runSeed } from '../runs.ts';
import { play, steps, traces } from './flow.ts';

/** How long after an event: a step of the workflow takes about as long. */
const spanMs = 8;
const killsMax = 3;
/** How long the owner of a run counts as alive after its last heartbeat. */
const memberTtlMs = 60;

export interface KilledStore {
  readonly url: string;
  /** Kills what the store runs in, if it is a process of its own, and brings it back. */
  readonly killServer?: (() => Promise<void>) | undefined;
  readonly remove: () => Promise<void> | void;
}

export interface KillSuite {
  newStore(): Promise<KilledStore> | KilledStore;
  /** Workflows in an ordinary run of the tests. */
  readonly slice: number;
  /** What a player that lived may have ended with, beside the end of the workflow. */
  readonly endings?: readonly string[] | undefined;
}

/** A process that ends with the test, should that be given up. */
export function startScript(script: string, ...args: readonly string[]): ChildProcess {
  const path = join(import.meta.dirname, script);
  const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

interface Tally {
  killed: number;
  readonly endings: Set<string>;
}

async function playAndKill(
  store: KilledStore,
  seed: number,
  random: Random,
  tally: Tally,
): Promise<void> {
  const child = startScript('player.ts', store.url, String(seed));
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  const killsServer = store.killServer !== undefined && random.float() < 0.3;
  let eventsLeft = Math.floor(random.float() * (steps + 2));
  let ending = '';
  for await (const line of createInterface({ input: child.stdout! })) {
    ending = line;
    if (eventsLeft === 0) {
      await systemClock.sleep(random.float() * spanMs);
      if (killsServer) await store.killServer();
      else child.kill('SIGKILL');
    }
    eventsLeft -= 1;
  }
  const [code, signal] = await closed;
  if (signal === 'SIGKILL') tally.killed += 1;
  else tally.endings.add(`${code} ${ending}`);
  if (killsServer) tally.killed += 1;
}

async function calmTraces(): Promise<unknown> {
  await using store = await open('memory:');
  await play(store.app('app'), 1).result();
  return await traces(store.app('app'));
}

/** Registers the test for one kind of store. */
export function killSuite(name: string, suite: KillSuite): void {
  const workflows = runCount(suite.slice);
  describe(`workflows through kill -9: ${name}`, () => {
    test(`${workflows}, killed anywhere, end as if they had not been (seed ${runSeed})`, async () => {
      const calm = await calmTraces();
      expect(calm).toMatchObject({ status: 'completed', step: steps, counts: { all: 57, w1: 7 } });
      const tally: Tally = { killed: 0, endings: new Set() };
      for (let seed = runSeed; seed < runSeed + workflows; seed += 1) {
        const random = seededRandom(seed);
        const kills = 1 + Math.floor(random.float() * killsMax);
        const store = await suite.newStore();
        try {
          for (let kill = 0; kill < kills; kill += 1) await playAndKill(store, seed, random, tally);
          await using opened = await open(store.url, { memberTtlMs });
          await play(opened.app('app'), seed).result();
          expect(await traces(opened.app('app')), `seed ${seed}`).toEqual(calm);
        } finally {
          await store.remove();
        }
      }
      const allowed = ['0 completed', ...(suite.endings ?? [])];
      expect(allowed).toEqual(expect.arrayContaining([...tally.endings]));
      expect(tally.killed).toBeGreaterThan(workflows / 2);
      console.log(`${name}: ${workflows} workflows, ${tally.killed} kills, seed ${runSeed}`);
    });
  });
}
