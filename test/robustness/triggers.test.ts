/**
 * P7: a trigger handles every matching change at least once, in order per key; its effects on the
 * state happen exactly once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import type { Ledger, Ledgers } from '../../src/ledger/index.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { openMemoryEngine } from '../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import { App } from '../../src/store/index.ts';
import { loopback, ManualClock, pressing } from '../../src/testing/index.ts';
import { falteringLedger } from '../../src/testing/faltering-ledger.ts';
import { problemsOf, startJob } from './triggers/job.ts';
import { mortal, Mortality } from './triggers/mortal-ledger.ts';
import type { Death } from './triggers/mortal-ledger.ts';
import { runCount, runSeed } from './runs.ts';

const keys = ['a', 'b', 'poison', 'd'];
const rounds = 3;

class Scene {
  readonly clock = new ManualClock();
  readonly #random = seededRandom(1);
  readonly #opened: Ledgers[] = [];
  readonly #url: string;
  readonly #open: (url: string, options: EngineOptions) => Promise<Engine>;
  readonly #view: (ledger: Ledger) => Ledger;

  constructor(
    url: string,
    open: (url: string, options: EngineOptions) => Promise<Engine>,
    view: (ledger: Ledger) => Ledger,
  ) {
    this.#url = url;
    this.#open = open;
    this.#view = view;
  }

  async ledger(): Promise<Ledger> {
    const clock = pressing(this.clock);
    const options = { cacheBytes: 2 ** 20, busyTimeoutMs: 5000, mustExist: false, readOnly: false };
    const engine = await this.#open(this.#url, { clock, random: this.#random, ...options });
    const ledgers = openLedgers(engine, { clock, random: this.#random, sweepMs: 0 });
    this.#opened.push(ledgers);
    return this.#view(ledgers.ledger('app'));
  }

  app(ledger: Ledger): App {
    return App.over(ledger, { clock: this.clock, random: this.#random });
  }

  async passUntil(isDone: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isDone())) await this.clock.pass(250);
  }

  async close(): Promise<void> {
    for (const ledgers of this.#opened) await ledgers.close();
  }
}

async function send(app: App): Promise<Map<string, number>> {
  const scope = app.scope<number>('in');
  for (let n = 0; n < rounds; n += 1) {
    await scope.setMany(keys.slice(0, 2).map((key) => [key, n] as const));
    for (const key of keys.slice(2)) await scope.set(key, n);
  }
  return new Map(keys.map((key) => [key, rounds]));
}

/** Returns how many calls the first process came to, and whether it died. */
async function crash(scene: Scene, dieAt: number, death: Death): Promise<Mortality> {
  const life = new Mortality(dieAt, death);
  const total = keys.length * rounds;
  const writer = scene.app(await scene.ledger());
  const counts = writer.scope<number>('counts');
  const seen = { calls: [] as string[] };
  // Known before anything is written: otherwise a death before that means that nothing is due.
  const registered = await startJob(writer, seen);
  await registered.stop();
  const started = startJob(scene.app(mortal(await scene.ledger(), life)), seen);
  started.catch(() => undefined);
  const sent = await send(writer);
  const isOver = async () => life.isDead || (await counts.get('all', 0)) >= total;
  await scene.passUntil(isOver);
  const heir = scene.app(await scene.ledger());
  await startJob(heir, seen);
  await scene.passUntil(async () => (await counts.get('all', 0)) >= total);
  for (let turn = 0; turn < 20; turn += 1) await scene.clock.pass(500);
  expect(await problemsOf(writer, sent)).toEqual([]);
  const expected = keys.flatMap((key) => Array.from({ length: rounds }, (_, n) => `${key} ${n}`));
  expect([...new Set(seen.calls)].sort()).toEqual(expected.sort());
  await heir.leave();
  return life;
}

const grounds = {
  memory: [openMemoryEngine, (ledger: Ledger) => ledger],
  'memory through a wire': [openMemoryEngine, loopback],
  sqlite: [openSqliteEngine, (ledger: Ledger) => ledger],
} as const;

let stores = 0;

async function onGround(
  name: keyof typeof grounds,
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  stores += 1;
  const [open, view] = grounds[name];
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-triggers-'));
  const url = name === 'sqlite' ? `file:${folder}/store.db` : `memory:triggers-${stores}`;
  const scene = new Scene(url, open, view);
  try {
    await work(scene);
  } finally {
    await scene.close();
    rmSync(folder, { recursive: true });
  }
}

describe('a process dies between any two of its steps, and another goes on', () => {
  for (const name of Object.keys(grounds) as (keyof typeof grounds)[]) {
    for (const death of ['before the call', 'after the call'] as const) {
      test(`${name}, ${death}`, async () => {
        let deaths = 0;
        for (let dieAt = 1; ; dieAt += 1) {
          const state = { isDead: false };
          await onGround(name, async (scene) => {
            const life = await crash(scene, dieAt, death).catch((cause: unknown) => {
              throw new Error(`death ${death} ${dieAt}`, { cause });
            });
            state.isDead = life.isDead && life.calls >= dieAt;
          });
          if (!state.isDead || dieAt > 150) break;
          deaths += 1;
        }
        expect(deaths).toBeGreaterThan(60);
      });
    }
  }
});

describe('a bad line: calls fail, answers are lost, streams break', () => {
  for (const name of Object.keys(grounds) as (keyof typeof grounds)[]) {
    test(name, async () => {
      const random = seededRandom(runSeed);
      for (let count = runCount(15, 0.2); count > 0; count -= 1) {
        const seed = Math.floor(random.float() * 2 ** 31);
        await onGround(name, async (scene) => {
          const faults = { lostCall: 0.05, lostAnswer: 0.1, lateCommit: 0.1, brokenStream: 0.1 };
          const writer = scene.app(await scene.ledger());
          const seen = { calls: [] as string[] };
          const registered = await startJob(writer, seen);
          await registered.stop();
          const line = falteringLedger(await scene.ledger(), seededRandom(seed), faults);
          const app = scene.app(line);
          const start = async (): Promise<void> => {
            await startJob(app, seen).catch(() => scene.clock.sleep(100).then(start));
          };
          void start();
          const sent = await send(writer);
          const counts = writer.scope<number>('counts');
          await scene.passUntil(async () => (await counts.get('all', 0)) >= keys.length * rounds);
          for (let turn = 0; turn < 20; turn += 1) await scene.clock.pass(500);
          expect(await problemsOf(writer, sent), `seed ${seed}`).toEqual([]);
        });
      }
    });
  }
});
