/**
 * Triggers whose process dies between any two of its steps, or whose line to the store is bad:
 * every change is handled, each key in order, and the effects on the state happen exactly once.
 */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Ledger, Ledgers } from '../../../src/ledger/index.ts';
import { openLedgers } from '../../../src/ledger/index.ts';
import { App } from '../../../src/store/index.ts';
import { ManualClock, pressing } from '../../../src/testing/index.ts';
import { pacing } from '../../../src/testing/awaited-calls.ts';
import { falteringLedger } from '../../../src/testing/faltering-ledger.ts';
import type { Ground } from '../grounds.ts';
import { isSearching, runCount, runSeed } from '../runs.ts';
import { problemsOf, startJob } from './job.ts';
import { mortal, Mortality } from './mortal-ledger.ts';
import type { Death } from './mortal-ledger.ts';

const keys = ['a', 'b', 'poison', 'd'];
const rounds = 3;

class Scene {
  readonly clock = new ManualClock();
  readonly #random = seededRandom(1);
  readonly #paced = pacing(this.clock);
  readonly #opened: { close(): Promise<void> }[] = [];
  readonly #ground: Ground;
  readonly #url: string;

  constructor(ground: Ground, url: string) {
    this.#ground = ground;
    this.#url = url;
  }

  async ledger(): Promise<Ledger> {
    const clock = pressing(this.clock);
    const options = { cacheBytes: 2 ** 20, busyTimeoutMs: 5000, mustExist: false, readOnly: false };
    const engine = await this.#ground.open(this.#url, { clock, random: this.#random, ...options });
    const ledgers: Ledgers = openLedgers(engine, { clock, random: this.#random, sweepMs: 0 });
    const seen = await this.#ground.view(ledgers);
    this.#opened.push(seen, ledgers);
    return this.#paced(seen.ledger);
  }

  app(ledger: Ledger): App {
    return App.over(ledger, { clock: this.clock, random: this.#random });
  }

  async passUntil(isDone: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isDone())) await this.clock.pass(250);
  }

  /** What is done twice would be done by then. */
  async settle(app: App): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
      await this.clock.pass(500);
      await app.scope('counts').get('all');
    }
  }

  async close(): Promise<void> {
    for (const one of this.#opened) await one.close();
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
  await scene.settle(writer);
  expect(await problemsOf(writer, sent)).toEqual([]);
  const expected = keys.flatMap((key) => Array.from({ length: rounds }, (_, n) => `${key} ${n}`));
  expect([...new Set(seen.calls)].sort()).toEqual(expected.sort());
  await heir.leave();
  return life;
}

async function onGround(ground: Ground, work: (scene: Scene) => Promise<void>): Promise<void> {
  const place = ground.newStore();
  const scene = new Scene(ground, place.url);
  try {
    await work(scene);
  } finally {
    await scene.close();
    await place.remove();
  }
}

/** More steps than a run has. */
const stepsMost = 150;

/** A process dies at each of its steps; at every `stride`th of them unless somebody searches. */
function triggerDeaths(name: string, ground: Ground, stride = 1): void {
  const each = isSearching ? 1 : stride;
  for (const death of ['before the call', 'after the call'] as const) {
    test(`${name}: a process dies ${death}, and another goes on`, async () => {
      let deaths = 0;
      for (let dieAt = 1 + (runSeed % each); dieAt <= stepsMost; dieAt += each) {
        const state = { isDead: false };
        await onGround(ground, async (scene) => {
          const life = await crash(scene, dieAt, death).catch((cause: unknown) => {
            throw new Error(`death ${death} ${dieAt}`, { cause });
          });
          state.isDead = life.isDead && life.calls >= dieAt;
        });
        if (!state.isDead) break;
        deaths += 1;
      }
      expect(deaths).toBeGreaterThan(60 / each);
    });
  }
}

/** Calls fail, answers are lost, commits come late, streams break. */
function triggersOnABadLine(name: string, ground: Ground, slice = 15): void {
  test(`${name}: a bad line`, async () => {
    const random = seededRandom(runSeed);
    for (let count = runCount(slice, 0.2); count > 0; count -= 1) {
      const seed = Math.floor(random.float() * 2 ** 31);
      await onGround(ground, (scene) => badLine(scene, seed));
    }
  });
}

async function badLine(scene: Scene, seed: number): Promise<void> {
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
  await scene.settle(writer);
  expect(await problemsOf(writer, sent), `seed ${seed}`).toEqual([]);
}

/** Both: every `stride`th death, `slice` bad lines. */
export function triggerFaults(name: string, ground: Ground, stride = 1, slice = 15): void {
  describe(`triggers in trouble: ${name}`, () => {
    triggerDeaths(name, ground, stride);
    triggersOnABadLine(name, ground, slice);
  });
}
