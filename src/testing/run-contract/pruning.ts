/** Dropping checkpoints: what stays is what it was. */
import { expect } from 'vitest';
import type { Runs } from '../../layers/runs/index.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract, LayerWorld } from '../layer-world.ts';
import { runsOf, stateOf, stepBy } from './acts.ts';

async function grown(world: LayerWorld, steps: number) {
  const run = await runsOf(world).open('r', { initial: { state: { first: 1, n: 0 } } });
  for (let n = 1; n <= steps; n += 1) {
    await stepBy(run, (view) => {
      view.set('n', n);
      view.set(`k${n % 3}`, n);
      view.delete(`k${(n + 1) % 3}`);
      view.list('l').append(n);
      view.list('l').keepLast(4);
    });
  }
  return run;
}

async function idsOf(runs: Runs): Promise<number[]> {
  return (await collect(runs.checkpoints({ run: 'r' }))).map(({ id }) => id);
}

async function contentOf(runs: Runs, id: number): Promise<unknown> {
  const loaded = await runs.load('r', id);
  return loaded && [stateOf(loaded), loaded.state.list('l').range()];
}

async function rowsOf({ ledger }: LayerWorld): Promise<number> {
  return (await ledger.scan({ scope: '$run/flow/r', prefix: 'r/', limit: 10_000 })).items.length;
}

export function pruningContract(contract: LayerContract): void {
  contract.test('the last n stay, unchanged, and the rest takes no room', async (world) => {
    const runs = runsOf(world);
    await using run = await grown(world, 20);
    const before = await Promise.all([17, 18, 19, 20].map((id) => contentOf(runs, id)));
    const rows = await rowsOf(world);
    const pruned = await runs.prune('r', { last: 4 });
    expect(pruned).toMatchObject({ checkpoints: 17, held: 0 });
    expect(await rowsOf(world)).toBe(rows - pruned.rows);
    expect(await idsOf(runs)).toEqual([17, 18, 19, 20]);
    expect(await Promise.all([17, 18, 19, 20].map((id) => contentOf(runs, id)))).toEqual(before);
    expect(await runs.load('r', 16)).toBe(undefined);
    await runs.prune('r', { last: 0 });
    expect(await idsOf(runs)).toEqual([20]);
    // What the state holds, and nothing else.
    expect(await rowsOf(world)).toBe(run.state.keys().length + run.state.list('l').length);
    expect(await runs.prune('r', { last: 1 })).toEqual({ checkpoints: 0, rows: 0, held: 0 });
    expect(await contentOf(runs, 20)).toEqual(before[3]);
  });

  contract.test('the run goes on after a pruning, and can be taken up', async (world) => {
    const runs = runsOf(world);
    {
      await using run = await grown(world, 10);
      await runs.prune('r', { last: 1 });
      await stepBy(run, (view) => view.set('n', 'after'));
      await run.restore(10);
      expect(run.state.get('n')).toBe(10);
      await runs.prune('r', { last: 1 });
    }
    await using run = await runs.open('r');
    expect(stateOf(run)).toEqual({ first: 1, n: 10, k0: 9, k1: 10 });
    expect(run.state.list('l').range()).toEqual([7, 8, 9, 10]);
  });

  contract.test('tags keep, and rules add up', async (world) => {
    const runs = runsOf(world);
    await using run = await grown(world, 3);
    await run.checkpoint({ tags: ['keep me'] });
    await stepBy(run, (view) => view.set('n', 'later'));
    await stepBy(run, (view) => view.set('n', 'latest'));
    await runs.prune('r', { tags: ['keep me', 'other'] });
    expect(await idsOf(runs)).toEqual([4, 6]);
    expect((await runs.load('r', 4))?.state.get('n')).toBe(3);
    await runs.prune('r', { last: 1, tags: [] });
    expect(await idsOf(runs)).toEqual([6]);
    await expect(runs.prune('r', {})).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(runs.prune('r', { last: -1 })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  contract.timed('age keeps what is young', async (world, clock) => {
    const runs = runsOf(world);
    const run = await runs.open('r');
    for (let n = 1; n <= 5; n += 1) {
      clock.advance(1000);
      await stepBy(run, (view) => view.set('n', n));
    }
    const all = await collect(runs.checkpoints({ run: 'r' }));
    const young = all.filter(({ time }) => time >= clock.now() - 2000);
    expect(young.length).toBeGreaterThan(0);
    await runs.prune('r', { withinMs: 2000 });
    expect(await idsOf(runs)).toEqual(young.map(({ id }) => id));
    clock.advance(100_000);
    await runs.prune('r', { withinMs: 0 });
    expect(await idsOf(runs)).toEqual([5]);
    await run.close();
  });

  contract.test('one checkpoint is deleted; the last one is the run', async (world) => {
    const runs = runsOf(world);
    await using run = await grown(world, 3);
    const before = await contentOf(runs, 2);
    expect(await runs.deleteCheckpoint('r', 1)).toBe(true);
    expect(await runs.deleteCheckpoint('r', 1)).toBe(false);
    expect(await runs.deleteCheckpoint('r', run.latest.id)).toBe(false);
    expect(await idsOf(runs)).toEqual([0, 2, 3]);
    expect(await contentOf(runs, 2)).toEqual(before);
  });

  contract.test('a run that keeps only some prunes itself', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r', { keep: { last: 5 } });
    for (let n = 1; n <= 100; n += 1) await stepBy(run, (view) => view.set('n', n));
    const ids = await idsOf(runs);
    expect(ids.length).toBeLessThan(40);
    expect(ids.slice(-5)).toEqual([96, 97, 98, 99, 100]);
    expect(await rowsOf(world)).toBeLessThan(40);
    for (const id of ids) expect((await runs.load('r', id))?.state.get('n')).toBe(id);
  });

  contract.test('a run that is deleted leaves nothing', async (world) => {
    const runs = runsOf(world);
    const run = await grown(world, 5);
    await expect(runs.delete('r')).rejects.toMatchObject({ code: 'held' });
    await run.close();
    expect(await runs.delete('r')).toBe(true);
    expect(await runs.delete('r')).toBe(false);
    expect(await collect(runs.list())).toEqual([]);
    expect((await world.ledger.scope('$run/flow/r')).entries).toBe(0);
    await using again = await runs.open('r');
    expect([again.latest.id, again.state.keys()]).toEqual([0, []]);
  });
}
