/** One checkpoint a step, from step 0 on; each can be gone back to. */
import { expect, vi } from 'vitest';
import { HoldfastError } from '../../errors/index.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';
import { runsOf, stateOf, stepBy } from './acts.ts';

export function checkpointsContract(contract: LayerContract): void {
  contract.test('one from step 0, one per step, each with its parent', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r', { initial: { state: { n: 0 } }, signature: 'g1' });
    for (let n = 1; n <= 3; n += 1) await stepBy(run, (view) => view.set('n', n));
    const found = await collect(runs.checkpoints({ run: 'r' }));
    expect(found.map(({ id, parent, step }) => [id, parent, step])).toEqual([
      [0, undefined, 0],
      [1, 0, 1],
      [2, 1, 2],
      [3, 2, 3],
    ]);
    for (const { id, time, status, signature, format, workflow } of found) {
      expect((await runs.load('r', id))?.state.get('n')).toBe(id);
      expect(time).toBeGreaterThan(0);
      expect([status, signature, format, workflow]).toEqual(['running', 'g1', 1, 'flow']);
    }
    expect(await runs.load('r', 4)).toBe(undefined);
    expect(await runs.load('r', -1)).toBe(undefined);
    expect(await runs.load('other', 0)).toBe(undefined);
  });

  contract.test('a checkpoint has messages, requests, status, tags and metadata', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r', { initial: { messages: [{ to: 'a' }] } });
    const requests = [{ id: 'q1', executor: 'a', payload: { ask: 'go on?' } }];
    const messages = [{ to: 'b', value: 1 }, 'anything'];
    const labels = { tags: ['x', 'x', 'y'], metadata: { by: 'test' } };
    await run.step().commit({ requests, messages, status: 'waiting', ...labels });
    await stepBy(run, () => undefined);
    const [first, second, third] = await collect(runs.checkpoints({ run: 'r' }));
    expect(first).toMatchObject({ messages: [{ to: 'a' }], requests: [], tags: [] });
    expect(second).toMatchObject({
      requests,
      messages,
      status: 'waiting',
      tags: ['x', 'y'],
      metadata: { by: 'test' },
    });
    expect(third).toMatchObject({ requests, messages, status: 'waiting', tags: [], metadata: {} });
    expect((await collect(runs.list())).map(({ status }) => status)).toEqual(['waiting']);
  });

  contract.test('latest is one entry, and a list goes both ways', async (world) => {
    const runs = runsOf(world);
    expect(await runs.latest('r')).toBe(undefined);
    await using run = await runs.open('r');
    for (let n = 1; n <= 40; n += 1) await stepBy(run, (view) => view.set('n', n));
    expect(await runs.latest('r')).toEqual(run.latest);
    const newest = await collect(runs.checkpoints({ run: 'r', reverse: true, limit: 3 }));
    expect(newest.map(({ id }) => id)).toEqual([40, 39, 38]);
  });

  contract.test('one more on demand, beside those of the steps', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r');
    await stepBy(run, (view) => view.set('n', 1));
    const mine = await run.checkpoint({ tags: ['mine'] });
    expect(mine).toMatchObject({ id: 2, parent: 1, step: 1, tags: ['mine'] });
    await stepBy(run, (view) => view.set('n', 2));
    expect((await runs.load('r', 2))?.state.get('n')).toBe(1);
  });

  contract.test('a run is taken up where its last checkpoint stands', async (world) => {
    const runs = runsOf(world);
    {
      await using run = await runs.open('r');
      await stepBy(run, (view) => {
        view.set('text', 'é\u{1f600}');
        view.set('bytes', Uint8Array.from([0, 255]));
        view.set('empty', {});
        view.set('marker', { base64: 'no', json: 1, $type: 'x' });
        view.set('large', 'x'.repeat(10_000));
        view.private.set('own', [1]);
        view.list('l').append('a', null);
      });
      await stepBy(run, (view) => view.delete('empty'));
      run.step().view('a').set('text', 'pending');
    }
    await using again = await runs.open('r', { initial: { state: { ignored: 1 } } });
    expect(again.latest.id).toBe(2);
    expect(stateOf(again)).toEqual({
      text: 'é\u{1f600}',
      bytes: Uint8Array.from([0, 255]),
      marker: { base64: 'no', json: 1, $type: 'x' },
      large: 'x'.repeat(10_000),
    });
    expect(again.private('a').get('own')).toEqual([1]);
    expect(again.state.list('l').range()).toEqual(['a', null]);
    await expect(runs.open('none', { mustExist: true })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  contract.test('a step of many keys is whole or not there', async (world) => {
    const runs = runsOf(world);
    const keys = Array.from({ length: 2500 }, (_, n) => `k${n}`);
    {
      await using run = await runs.open('r');
      await stepBy(run, (view) => {
        for (const key of keys) view.set(key, 1);
      });
      await stepBy(run, (view) => view.clear());
      expect(run.state.keys()).toEqual([]);
    }
    expect((await runs.load('r', 1))?.state.keys()).toHaveLength(2500);
    await using run = await runs.open('r');
    expect([run.latest.id, run.state.keys()]).toEqual([2, []]);
  });

  contract.test('rows of a commit that never came are never seen', async (world) => {
    const runs = runsOf(world);
    const { ledger } = world;
    const run = await runs.open('r');
    for (let round = 0; round < 2; round += 1) {
      const step = run.step();
      for (let n = 0; n < 1500; n += 1) step.view('a').set(`lost ${n}`, round);
      const commit = ledger.commit.bind(ledger);
      const cut = vi
        .spyOn(ledger, 'commit')
        .mockImplementationOnce(commit)
        .mockRejectedValueOnce(new HoldfastError('unavailable', 'the store went away'));
      await expect(step.commit()).rejects.toMatchObject({ code: 'unavailable' });
      cut.mockRestore();
      step.discard();
      if (round === 0) await stepBy(run, (view) => view.set('kept', 1));
    }
    expect(stateOf(run)).toEqual({ kept: 1 });
    expect((await runs.load('r', 1))?.state.keys()).toEqual(['kept']);
    await run.close();
    await using again = await runs.open('r');
    await stepBy(again, (view) => view.set('later', 1));
    expect((await runs.load('r', 2))?.state.keys()).toEqual(['kept', 'later']);
  });

  contract.test('restore goes back, and what lies between stays', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r', { initial: { state: { n: 0, kept: 1 } } });
    for (let n = 1; n <= 3; n += 1) {
      await stepBy(run, (view) => {
        view.set('n', n);
        view.set(`only ${n}`, n);
        view.list('l').append(n);
      });
    }
    const restored = await run.restore(1, { tags: ['back'] });
    expect(restored).toMatchObject({ id: 4, parent: 1, step: 1, tags: ['back'] });
    expect(stateOf(run)).toEqual({ n: 1, kept: 1, 'only 1': 1 });
    expect(run.state.list('l').range()).toEqual([1]);
    await stepBy(run, (view) => view.list('l').append('other'));
    expect(run.latest).toMatchObject({ id: 5, parent: 4, step: 2 });
    expect((await runs.load('r', 3))?.state.list('l').range()).toEqual([1, 2, 3]);
    expect((await runs.load('r', 5))?.state.list('l').range()).toEqual([1, 'other']);
    await run.restore(3);
    expect(stateOf(run)).toEqual({ n: 3, kept: 1, 'only 1': 1, 'only 2': 2, 'only 3': 3 });
    await expect(run.restore(99)).rejects.toMatchObject({ code: 'not_found' });
  });

  contract.test('diff names what differs, with both values', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r', { initial: { state: { a: 1, b: 1, c: 1 } } });
    await stepBy(run, (view) => {
      view.set('b', 2);
      view.delete('c');
      view.set('d', 1);
      view.private.set('p', 1);
      view.list('l').append('x');
    });
    await stepBy(run, (view) => view.set('d', 2));
    await stepBy(run, (view) => view.set('d', 1));
    const [zero, one, three] = [0, 1, 3].map((checkpoint) => ({ run: 'r', checkpoint }));
    expect(await runs.diff(one!, three!)).toEqual([]);
    expect(await runs.diff(zero!, three!)).toEqual([
      { executor: undefined, list: 'l', index: 0, after: 'x' },
      { executor: 'a', key: 'p', after: 1 },
      { executor: undefined, key: 'b', before: 1, after: 2 },
      { executor: undefined, key: 'c', before: 1 },
      { executor: undefined, key: 'd', after: 1 },
    ]);
    const missing = runs.diff(zero!, { run: 'r', checkpoint: 9 });
    await expect(missing).rejects.toMatchObject({ code: 'not_found' });
  });

  contract.test('runs of a workflow are listed, and only its own', async (world) => {
    const { app } = world;
    const ids = ['b', 'a', 'a/b', '../x', '%2e', 'é'.repeat(80)];
    for (const id of ids) await (await app.runs('flow').open(id)).close();
    await (await app.runs('flow2').open('other')).close();
    await (await app.runs('fl').open('ow/a')).close();
    const found = await collect(app.runs('flow').list());
    expect(found.map(({ run }) => run)).toEqual(['%2e', '../x', 'a', 'a/b', 'b', 'é'.repeat(80)]);
    expect((await collect(app.runs('flow').checkpoints())).length).toBe(ids.length);
    const some = await collect(app.runs('flow').list({ prefix: 'a', status: 'running' }));
    expect(some.map(({ run }) => run)).toEqual(['a', 'a/b']);
    for (const name of ['', 'a/b', '../x', 'x'.repeat(65), '$x']) {
      expect(() => app.runs(name)).toThrow(expect.objectContaining({ code: 'invalid_name' }));
    }
    for (const id of ['', 'é'.repeat(81), '\ud800', 'a\0']) {
      await expect(app.runs('flow').open(id)).rejects.toMatchObject({ code: 'invalid_name' });
    }
  });
}
