/**
 * The search for a gap or a duplicate in what watchers are told.
 *
 * Each run is a store with a few followers whose calls fail, whose streams break, who are killed
 * and resume, while the log is trimmed behind them.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Ledger, Mutation } from '../../../src/ledger/index.ts';
import type { Ground } from '../grounds.ts';
import { runCount, runSeed } from '../runs.ts';
import { Follower } from './follower.ts';
import { pick, retentionMs, Scene } from './scene.ts';

const steps = 60;

function mutation(scene: Scene, step: number): Mutation {
  const { random } = scene;
  const scope = pick(random, ['s', 's', 't', 'u']);
  const key = `k${Math.floor(random.float() * 12)}`;
  const luck = random.float();
  if (luck < 0.2) return { kind: 'delete', scope, key };
  const value = luck < 0.3 ? 'x'.repeat(6000) : step;
  return { kind: 'set', scope, key, value, ttlMs: luck > 0.9 ? 5000 : undefined };
}

async function write(scene: Scene, ledger: Ledger, step: number): Promise<void> {
  const count = pick(scene.random, [1, 1, 2, 4]);
  const mutations = new Map<string, Mutation>();
  for (let n = 0; n < count; n += 1) {
    const one = mutation(scene, step);
    mutations.set(`${one.scope}/${one.key}`, one);
  }
  await ledger.commit({ mutations: [...mutations.values()] });
  await scene.learn(ledger);
}

async function play(scene: Scene, seed: number): Promise<Follower['fates'][]> {
  const ledger = await scene.start();
  await write(scene, ledger, 0);
  const { position } = await ledger.head();
  const followers = Array.from({ length: 3 }, (_, n) => {
    return new Follower(scene, seed * 10 + n, n === 0 ? undefined : position);
  });
  const failed = Promise.all(followers.map((follower) => follower.run()));
  failed.catch(() => undefined);
  for (let step = 1; step <= steps; step += 1) {
    await write(scene, ledger, step);
    await scene.clock.pass(Math.floor(scene.random.float() * 2000));
    if (scene.random.float() < 0.05) scene.clock.advance(retentionMs);
    if (scene.random.float() < 0.2) await scene.trim(ledger);
    const turns = scene.random.float() * scene.pauseTurns;
    for (let turn = turns; turn > 1; turn -= 1) await scene.turn();
  }
  Object.assign(scene.faults, { lostCall: 0, brokenStream: 0 });
  await scene.trim(ledger);
  for (const follower of followers) follower.finish();
  const state = { isDone: false };
  const done = failed.finally(() => {
    state.isDone = true;
  });
  done.catch(() => undefined);
  while (!state.isDone) {
    await scene.clock.pass(1000);
    // The hold of a snapshot has a revision of its own.
    await scene.learn(ledger);
  }
  await done;
  return followers.map(({ fates }) => fates);
}

export async function runOne(seed: number, ground: Ground): Promise<Follower['fates'][]> {
  const place = ground.newStore();
  const scene = new Scene(seed, ground, place.url);
  try {
    return await play(scene, seed);
  } finally {
    await scene.close();
    await place.remove();
  }
}

/** `slice` runs, or as many as are asked for. */
export function watchSearch(where: string, ground: Ground, slice = 12): void {
  test(`no gap, no duplicate, or an explicit outcome: ${where}`, async () => {
    const total = { resumed: 0, killed: 0, trimmed: 0, snapshots: 0, changes: 0 };
    const random = seededRandom(runSeed);
    const lacks = (): boolean => Object.values(total).includes(0);
    const runs = runCount(slice);
    // What happens to a watch is a matter of time, too: a few more runs if it was not all there is.
    for (let run = 0; run < runs || (run < 5 * runs && lacks()); run += 1) {
      const seed = Math.floor(random.float() * 2 ** 31);
      const fates = await runOne(seed, ground).catch((cause: unknown) => {
        throw new Error(`run of seed ${seed} on ${where}`, { cause });
      });
      for (const one of fates) {
        for (const fate of Object.keys(total) as (keyof typeof total)[]) total[fate] += one[fate];
      }
    }
    // A search in which nothing happened would prove nothing.
    for (const count of Object.values(total)) expect(count).toBeGreaterThan(0);
  });
}
