/**
 * Real processes that run one trigger of one store: they are killed, and stopped for longer than
 * they count as alive, while others write.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { open } from '../../../src/index.ts';
import type { App } from '../../../src/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import { runCount, runSeed } from '../runs.ts';
import { problemsOf, startJob } from './job.ts';

const script = join(import.meta.dirname, 'worker.ts');
const memberTtlMs = 900;
const keys = ['a', 'b', 'c', 'd', 'poison', 'f', 'g', 'h'];

class Worker {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;

  constructor(url: string) {
    this.child = spawn(process.execPath, ['--no-warnings', script, url, String(memberTtlMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ready = once(this.child.stdout ?? this.child, 'data');
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGCONT');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** A store that several processes open by its URL. */
export interface SharedStore {
  readonly url: string;
  remove(): void | Promise<void>;
}

async function onStore(
  newStore: () => SharedStore | Promise<SharedStore>,
  work: (app: App, url: string) => Promise<void>,
): Promise<void> {
  const { url, remove } = await newStore();
  const store = await open(url, url.startsWith('file:') ? { busyTimeoutMs: 20_000 } : {});
  try {
    const app = store.app('app');
    const known = await startJob(app, { calls: [] });
    await known.stop();
    await work(app, url);
  } finally {
    await store.close();
    await remove();
  }
}

/** Writes the next change of each key, again and again, until `isOver`. */
async function write(app: App, sent: Map<string, number>, isOver: () => boolean): Promise<void> {
  const scope = app.scope<number>('in');
  while (!isOver()) {
    for (const key of keys) {
      const count = sent.get(key) ?? 0;
      await scope.set(key, count);
      sent.set(key, count + 1);
    }
    await systemClock.sleep(10);
  }
}

async function settled(app: App, sent: ReadonlyMap<string, number>): Promise<void> {
  const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
  const counts = app.scope<number>('counts');
  while ((await counts.get('all', 0)) < total) await systemClock.sleep(20);
  // What is counted twice would be counted soon.
  await systemClock.sleep(300);
}

/** `faults` kills, and as many stops, in each round. */
export function triggerProcesses(
  name: string,
  newStore: () => SharedStore | Promise<SharedStore>,
  faults: number,
): void {
  test(`${name}: workers that are killed: every change once, each key in order`, async () => {
    const random = seededRandom(runSeed);
    for (let round = runCount(1, 0.02); round > 0; round -= 1) {
      await onStore(newStore, async (app, url) => {
        const sent = new Map<string, number>();
        const state = { isOver: false };
        const writing = write(app, sent, () => state.isOver);
        for (let kill = 0; kill < faults; kill += 1) {
          const worker = new Worker(url);
          await worker.ready;
          await systemClock.sleep(memberTtlMs * 0.3 + random.float() * 600);
          await worker.kill();
        }
        state.isOver = true;
        await writing;
        const last = new Worker(url);
        await settled(app, sent);
        await last.kill();
        expect(await problemsOf(app, sent)).toEqual([]);
      });
    }
  });

  test(`${name}: a worker that is stopped and taken over wakes up and is refused`, async () => {
    const random = seededRandom(runSeed + 1);
    for (let round = runCount(1, 0.02); round > 0; round -= 1) {
      await onStore(newStore, async (app, url) => {
        const sent = new Map<string, number>();
        const state = { isOver: false };
        const workers = [new Worker(url), new Worker(url)];
        for (const { ready } of workers) await ready;
        const writing = write(app, sent, () => state.isOver);
        for (let stop = 0; stop < faults; stop += 1) {
          await systemClock.sleep(200 + random.float() * 400);
          const { child } = workers[stop % 2] ?? {};
          child?.kill('SIGSTOP');
          await systemClock.sleep(memberTtlMs + 1500);
          child?.kill('SIGCONT');
        }
        state.isOver = true;
        await writing;
        await settled(app, sent);
        for (const worker of workers) await worker.kill();
        expect(await problemsOf(app, sent)).toEqual([]);
      });
    }
  });
}
