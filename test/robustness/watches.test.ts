/**
 * P6: a watch resumes without gap or duplicate, or says that it cannot.
 *
 * Each run is a store with a few followers whose calls fail, whose streams break, who are killed
 * and resume, while the log is trimmed behind them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import type { Ledger, Mutation } from '../../src/ledger/index.ts';
import { runCount, runSeed } from './runs.ts';
import { Follower } from './watches/follower.ts';
import { engines, pick, retentionMs, Scene } from './watches/scene.ts';
import type { OpenEngine } from './watches/scene.ts';

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

async function run(seed: number, openEngine: OpenEngine, url: string, isRemote: boolean) {
  const scene = new Scene(seed, { openEngine, url, isRemote });
  const ledger = await scene.start();
  await write(scene, ledger, 0);
  const { position } = await ledger.head();
  const followers = Array.from({ length: 3 }, (_, n) => {
    return new Follower(scene, seed * 10 + n, n === 0 ? undefined : position);
  });
  const running = followers.map((follower) => follower.run());
  const failed = Promise.all(running);
  failed.catch(() => undefined);
  for (let step = 1; step <= steps; step += 1) {
    await write(scene, ledger, step);
    await scene.clock.pass(Math.floor(scene.random.float() * 2000));
    if (scene.random.float() < 0.05) scene.clock.advance(retentionMs);
    if (scene.random.float() < 0.2) await scene.trim(ledger);
    for (let turn = scene.random.float() * 40; turn > 1; turn -= 1) await scene.turn();
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
  await scene.close();
  return followers.map(({ fates }) => fates);
}

describe('watches against the log', () => {
  for (const [name, openEngine] of Object.entries(engines)) {
    for (const isRemote of [false, true]) {
      const where = isRemote ? `${name} through a wire` : name;
      test(`no gap, no duplicate, or an explicit outcome: ${where}`, async () => {
        const total = { resumed: 0, killed: 0, trimmed: 0, snapshots: 0, changes: 0 };
        const random = seededRandom(runSeed);
        for (let count = runCount(12); count > 0; count -= 1) {
          const seed = Math.floor(random.float() * 2 ** 31);
          const folder = name === 'sqlite' ? mkdtempSync(join(tmpdir(), 'holdfast-watch-')) : '';
          const url =
            name === 'sqlite'
              ? `file:${folder}/store.db`
              : `${name}:watch-${String(isRemote)}-${seed}`;
          try {
            for (const fates of await run(seed, openEngine, url, isRemote)) {
              for (const fate of Object.keys(total) as (keyof typeof total)[]) {
                total[fate] += fates[fate];
              }
            }
          } catch (error) {
            throw new Error(`run of seed ${seed} on ${where}`, { cause: error });
          } finally {
            if (folder !== '') rmSync(folder, { recursive: true });
          }
        }
        // A search in which nothing happened would prove nothing.
        for (const count of Object.values(total)) expect(count).toBeGreaterThan(0);
      });
    }
  }
});
