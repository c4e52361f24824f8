/**
 * What the checkpoint and runner tests of Microsoft's Agent Framework ask for, rule by rule. Where
 * a name says "not …", docs/runs.md says why another rule was chosen.
 */
import { expect, vi } from 'vitest';
import { HoldfastError } from '../../../src/index.ts';
import { checkpointKey, runScope } from '../../../src/layers/runs/keyspace.ts';
import { collect } from '../../../src/testing/layer-world.ts';
import type { LayerContract } from '../../../src/testing/layer-world.ts';
import { runsOf, stateOf, stepBy } from '../../../src/testing/run-contract/acts.ts';

function storageRules(contract: LayerContract): void {
  contract.test('Python: save, load, list, delete', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r');
    await stepBy(run, (view) => view.set('n', 1));
    await run.checkpoint({ tags: ['mine'] });
    expect((await runs.load('r', 1))?.state.get('n')).toBe(1);
    const ids = async () => (await collect(runs.checkpoints({ run: 'r' }))).map(({ id }) => id);
    expect(await ids()).toEqual([0, 1, 2]);
    expect(await runs.deleteCheckpoint('r', 1)).toBe(true);
    expect(await runs.deleteCheckpoint('r', 1)).toBe(false);
    expect(await ids()).toEqual([0, 2]);
  });

  contract.test('Python: loading what is absent is told, not raised', async (world) => {
    const runs = runsOf(world);
    await using _run = await runs.open('r');
    expect(await runs.load('r', 7)).toBe(undefined);
    expect(await runs.load('none', 0)).toBe(undefined);
  });

  contract.test('Python: the latest, and none where there is none', async (world) => {
    const runs = runsOf(world);
    expect(await runs.latest('r')).toBe(undefined);
    await using run = await runs.open('r');
    await stepBy(run, (view) => view.set('n', 1));
    expect(await runs.latest('r')).toMatchObject({ id: 1, step: 1 });
  });

  contract.test(
    'Python: a damaged checkpoint is an error that names it, not skipped',
    async (world) => {
      const runs = runsOf(world);
      await using run = await runs.open('r');
      await stepBy(run, (view) => view.set('n', 1));
      await stepBy(run, (view) => view.set('n', 2));
      const ref = { scope: runScope('flow', 'r'), key: checkpointKey(1) };
      for (const value of ['junk', null, {}, { v: 1 }, { v: 1, step: 1, by: 1, id: '', st: '?' }]) {
        await world.ledger.commit({ mutations: [{ kind: 'set', ...ref, value }] });
        const message: unknown = expect.stringMatching(/checkpoint 1/);
        const damaged = { code: 'store_corrupt', message };
        await expect(runs.load('r', 1)).rejects.toMatchObject(damaged);
        await expect(collect(runs.checkpoints({ run: 'r' }))).rejects.toMatchObject(damaged);
      }
      // The others are as they were.
      expect((await runs.load('r', 2))?.state.get('n')).toBe(2);
      expect((await runs.load('r', 0))?.state.get('n', 'none')).toBe('none');
    },
  );

  contract.test(
    'Python: types come back as they went; what JSON lacks is refused, not pickled',
    async (world) => {
      const runs = runsOf(world);
      const kept = {
        bytes: Uint8Array.from([0, 255]),
        nested: { list: [1, [2, { three: 3 }]], text: 'é\u{1f600}' },
        emptyList: [],
        emptyObject: {},
        emptyText: '',
        none: null,
        large: 'x'.repeat(10_000),
      };
      await using run = await runs.open('r');
      await stepBy(run, (view) => {
        for (const [key, value] of Object.entries(kept)) view.set(key, value);
        class Person {
          readonly name = 'Ada';
        }
        for (const value of [new Date(0), new Set([1]), new Map(), new Person(), 1n, Symbol('s')]) {
          const refused: unknown = expect.objectContaining({ code: 'invalid_value' });
          expect(() => view.set('k', { inner: value })).toThrow(refused);
        }
      });
      const loaded = await runs.load('r', 1);
      for (const [key, value] of Object.entries(kept)) {
        expect(loaded?.state.get(key)).toEqual(value);
      }
    },
  );

  contract.test('Python: objects that look like markers survive, in a file too', async (world) => {
    const runs = runsOf(world);
    const marked = {
      a: { json: 1, base64: 'AA==' },
      b: { $type: 'date', value: 0, __pickled__: 'x' },
      c: { format: 1, entries: [{ key: 'k', json: 1 }] },
    };
    await using run = await runs.open('r', { initial: { state: marked } });
    expect(stateOf(run)).toEqual(marked);
    await runs.import(await runs.export('r', 0), 'copy');
    await using copy = await runs.open('copy');
    expect(stateOf(copy)).toEqual(marked);
  });

  contract.test('Python: nothing that is stored can execute', async (world) => {
    const runs = runsOf(world);
    const hostile = '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"x": 1}}}';
    const value: unknown = JSON.parse(hostile);
    await using run = await runs.open('r');
    await stepBy(run, (view) => {
      view.set('__proto__', 'a key');
      view.set('constructor', 'a key');
      view.set('code', { toJSON: 'not called', eval: 'not run' });
    });
    const text = await runs.export('r', 1);
    const file = JSON.parse(text) as { state: { entries: object[] } };
    file.state.entries.push({ key: 'hostile', json: value });
    await runs.import(JSON.stringify(file), 'copy').catch(() => undefined);
    const loaded = await runs.load('r', 1);
    expect(loaded?.state.get('__proto__')).toBe('a key');
    expect(loaded?.state.get('code')).toEqual({ toJSON: 'not called', eval: 'not run' });
    expect(({} as { polluted?: boolean }).polluted).toBe(undefined);
    expect(({} as { x?: number }).x).toBe(undefined);
  });

  contract.test('.NET: checkpoints are listed in the order of their commits', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r');
    for (let n = 1; n <= 40; n += 1) await stepBy(run, (view) => view.set('n', n));
    const found = await collect(runs.checkpoints({ run: 'r' }));
    expect(found.map(({ id }) => id)).toEqual(Array.from({ length: 41 }, (_, n) => n));
    const times = found.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  contract.test('.NET: names are escaped', async (world) => {
    const runs = runsOf(world);
    const names = ['a', 'a/b', '../a', 'a|b', 'a\\b', '%2F', 'é', 'x y'];
    for (const name of names) {
      await using run = await runs.open(name);
      await stepBy(run, (view) => {
        view.set(name, name);
        view.list(name).append(name);
      });
    }
    for (const name of names) {
      const loaded = await runs.load(name, 1);
      expect([loaded?.state.keys(), loaded?.state.list(name).range()]).toEqual([[name], [name]]);
    }
  });
}

function lineageRules(contract: LayerContract): void {
  contract.test('Python: the line of parents is kept after a resume', async (world) => {
    const runs = runsOf(world);
    for (let process = 0; process < 3; process += 1) {
      await using run = await runs.open('r');
      await stepBy(run, (view) => view.set('n', process));
    }
    const found = await collect(runs.checkpoints({ run: 'r' }));
    expect(found.map(({ id, parent }) => [id, parent])).toEqual([
      [0, undefined],
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
  });

  contract.test(
    '.NET: each checkpoint names its parent, one that was gone back to too',
    async (world) => {
      const runs = runsOf(world);
      await using run = await runs.open('r');
      for (let n = 1; n <= 3; n += 1) await stepBy(run, (view) => view.set('n', n));
      await run.restore(1);
      await stepBy(run, (view) => view.set('n', 9));
      const found = await collect(runs.checkpoints({ run: 'r' }));
      expect(found.map(({ parent }) => parent)).toEqual([undefined, 0, 1, 2, 1, 4]);
    },
  );

  contract.test('Python: one checkpoint a superstep', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r');
    for (let n = 1; n <= 5; n += 1) {
      const step = run.step();
      for (const executor of ['e', 'f', 'g']) step.view(executor).set(executor, n);
      await step.commit();
    }
    const found = await collect(runs.checkpoints({ run: 'r' }));
    expect(found.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  contract.test(
    'Python: a save that fails is an error, not a log line, and the run survives it',
    async (world) => {
      await using run = await runsOf(world).open('r');
      const step = run.step();
      step.view('e').set('k', 1);
      const failing = vi
        .spyOn(world.ledger, 'commit')
        .mockRejectedValueOnce(new HoldfastError('disk_full', 'no room'));
      await expect(step.commit()).rejects.toMatchObject({ code: 'disk_full' });
      failing.mockRestore();
      expect([run.latest.id, stateOf(run)]).toEqual([0, {}]);
      await step.commit();
      expect([run.latest.id, stateOf(run)]).toEqual([1, { k: 1 }]);
    },
  );
}

export function checkpointRules(contract: LayerContract): void {
  storageRules(contract);
  lineageRules(contract);
}
