/** Forks copy nothing, and nothing passes between them and their base afterwards. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { runsOf, stateOf, stepBy } from './acts.ts';

export function forksContract(contract: LayerContract): void {
  contract.test('a fork begins where its base stood, whatever that does later', async (world) => {
    const runs = runsOf(world);
    await using base = await runs.open('base', { initial: { state: { n: 0, gone: 1 } } });
    await stepBy(base, (view) => {
      view.set('n', 1);
      view.list('l').append('one');
    });
    await stepBy(base, (view) => view.set('n', 2));
    const made = await runs.fork({ run: 'base', checkpoint: 1 }, 'fork', { tags: ['try'] });
    expect(made).toMatchObject({ run: 'fork', id: 0, step: 1, tags: ['try'], forks: [] });
    await using fork = await runs.open('fork');
    expect(stateOf(fork)).toEqual({ n: 1, gone: 1 });
    await stepBy(fork, (view) => {
      view.set('n', 'fork');
      view.delete('gone');
      view.list('l').append('two');
    });
    await stepBy(base, (view) => view.set('n', 3));
    expect([stateOf(base), stateOf(fork)]).toEqual([{ n: 3, gone: 1 }, { n: 'fork' }]);
    await fork.close();
    await using again = await runs.open('fork');
    expect(stateOf(again)).toEqual({ n: 'fork' });
    expect(again.state.list('l').range()).toEqual(['one', 'two']);
    expect((await runs.load('fork', 0))?.state.get('n')).toBe(1);
    expect(await runs.diff({ run: 'base', checkpoint: 1 }, { run: 'fork', checkpoint: 0 })).toEqual(
      [],
    );
  });

  contract.test('a fork costs the same, however large its base is', async (world) => {
    const runs = runsOf(world);
    await using base = await runs.open('base');
    await stepBy(base, (view) => {
      for (let n = 0; n < 500; n += 1) view.set(`k${n}`, 'x'.repeat(100));
    });
    await runs.fork({ run: 'base', checkpoint: 1 }, 'fork');
    const { entries, bytes } = await world.ledger.scope('$run/flow/fork');
    expect(entries).toBe(2);
    expect(bytes).toBeLessThan(500);
  });

  contract.test('what a fork stands on cannot be pruned, nor its run deleted', async (world) => {
    const runs = runsOf(world);
    const base = await runs.open('base');
    for (let n = 1; n <= 5; n += 1) await stepBy(base, (view) => view.set('n', n));
    await runs.fork({ run: 'base', checkpoint: 2 }, 'fork');
    expect(await runs.prune('base', { last: 1 })).toMatchObject({ checkpoints: 4, held: 1 });
    expect((await runs.load('fork', 0))?.state.get('n')).toBe(2);
    expect((await runs.load('base', 2))?.checkpoint.forks).toEqual(['fork']);
    expect(await runs.deleteCheckpoint('base', 2)).toBe(false);
    await base.close();
    await expect(runs.delete('base')).rejects.toMatchObject({ code: 'in_use' });
    expect(await runs.delete('fork')).toBe(true);
    expect(await runs.prune('base', { last: 1 })).toMatchObject({ checkpoints: 1, held: 0 });
    expect(await runs.delete('base')).toBe(true);
  });

  contract.test('forks of forks, pruned, are what they were', async (world) => {
    const runs = runsOf(world);
    await using base = await runs.open('f0', { initial: { state: { a: 0, b: 0, c: 0 } } });
    await stepBy(base, (view) => view.set('a', 1));
    for (let depth = 1; depth <= 3; depth += 1) {
      const from = await runs.latest(`f${depth - 1}`);
      await runs.fork({ run: `f${depth - 1}`, checkpoint: from?.id ?? 0 }, `f${depth}`);
      await using run = await runs.open(`f${depth}`);
      await stepBy(run, (view) => view.delete(['a', 'b', 'c'][depth - 1] ?? ''));
      await stepBy(run, (view) => view.set(`d${depth}`, depth));
      await runs.prune(`f${depth}`, { last: 1 });
    }
    await using last = await runs.open('f3');
    expect(stateOf(last)).toEqual({ d1: 1, d2: 2, d3: 3 });
    expect(stateOf(base)).toEqual({ a: 1, b: 0, c: 0 });
  });

  contract.test('forks that are made at once are all made', async (world) => {
    const runs = runsOf(world);
    await using base = await runs.open('base', { initial: { state: { n: 1 } } });
    const names = Array.from({ length: 10 }, (_, n) => `fork${n}`);
    const forks = names.map((name) => runs.fork({ run: 'base', checkpoint: 0 }, name));
    await Promise.all([...forks, stepBy(base, (view) => view.set('n', 2))]);
    expect((await runs.load('base', 0))?.checkpoint.forks.toSorted()).toEqual(names);
    for (const name of names) expect((await runs.load(name, 0))?.state.get('n')).toBe(1);
  });

  contract.test('a fork of nothing, or over something, is refused', async (world) => {
    const runs = runsOf(world);
    await using base = await runs.open('base');
    const missing = runs.fork({ run: 'base', checkpoint: 7 }, 'fork');
    await expect(missing).rejects.toMatchObject({ code: 'not_found' });
    const onto = runs.fork({ run: 'base', checkpoint: 0 }, 'base');
    await expect(onto).rejects.toMatchObject({ code: 'invalid_argument' });
    expect((await runs.load('base', 0))?.checkpoint.forks).toEqual([]);
    expect(base.latest.id).toBe(0);
  });
}
