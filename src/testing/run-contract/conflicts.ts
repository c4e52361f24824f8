/** Two executors, one key. */
import { expect } from 'vitest';
import type { OpenRunOptions, Run, StepView } from '../../layers/runs/index.ts';
import type { LayerContract, LayerWorld } from '../layer-world.ts';
import { runsOf, stateOf } from './acts.ts';

type Work = (view: StepView) => void;

const start = { k: 1, list: [1], o: { a: 1 } };

async function opened(world: LayerWorld, options: OpenRunOptions = {}): Promise<Run> {
  return runsOf(world).open('r', { initial: { state: start }, ...options });
}

/** `a` is declared before `b`, and done after it. */
async function together(run: Run, a: Work, b: Work): Promise<unknown> {
  const step = run.step({ executors: ['a', 'b'] });
  b(step.view('b'));
  a(step.view('a'));
  return step.commit();
}

export function conflictsContract(contract: LayerContract): void {
  const kinds: readonly [string, Work, Work, unknown][] = [
    ['write and write', (a) => a.set('k', 2), (b) => b.set('k', 3), 'k'],
    ['equal writes', (a) => a.set('k', 2), (b) => b.set('k', 2), 'k'],
    ['write and delete', (a) => a.set('k', 2), (b) => b.delete('k'), 'k'],
    ['write and clear', (a) => a.set('k', 2), (b) => b.clear(), 'k'],
    ['clear and a new key', (a) => a.clear(), (b) => b.set('new', 1), 'new'],
    ['write and operation', (a) => a.set('k', 2), (b) => b.update('k', [{ op: 'increment' }]), 'k'],
    [
      'operations whose order matters',
      (a) => a.update('list', [{ op: 'append', value: 1 }]),
      (b) => b.update('list', [{ op: 'append', value: 2 }]),
      'list',
    ],
  ];
  for (const [name, a, b, key] of kinds) {
    contract.test(`${name}: a conflict that names the key and both`, async (world) => {
      await using run = await opened(world);
      await expect(together(run, a, b)).rejects.toMatchObject({
        code: 'step_conflict',
        outcome: 'not-applied',
        details: { key, executors: ['a', 'b'] },
      });
      expect(stateOf(run)).toEqual(start);
      expect((await runsOf(world).latest('r'))?.id).toBe(0);
      run.step().discard();
    });
  }

  contract.test('a list that is cleared and appended to is a conflict', async (world) => {
    await using run = await opened(world);
    const conflict = together(
      run,
      (a) => a.list('l').clear(),
      (b) => b.list('l').append(1),
    );
    await expect(conflict).rejects.toMatchObject({
      code: 'step_conflict',
      details: { executors: ['a', 'b'] },
    });
  });

  contract.test('what means the same is none: both delete, both clear', async (world) => {
    await using run = await opened(world);
    await together(
      run,
      (a) => a.delete('k'),
      (b) => b.delete('k'),
    );
    expect(run.state.keys()).toEqual(['list', 'o']);
    await together(
      run,
      (a) => a.clear(),
      (b) => b.clear(),
    );
    expect(run.state.keys()).toEqual([]);
  });

  contract.test('operations that commute merge', async (world) => {
    await using run = await opened(world);
    await together(
      run,
      (a) => {
        a.update('k', [{ op: 'increment', by: 2 }]);
        a.update('o', [{ op: 'set', path: '/b', value: 2 }]);
        a.update('list', [{ op: 'addToSet', value: 2 }]);
        a.update('top', [{ op: 'max', value: 3 }]);
      },
      (b) => {
        b.update('k', [{ op: 'decrement' }]);
        b.update('o', [{ op: 'set', path: '/c', value: 3 }]);
        b.update('list', [{ op: 'addToSet', value: 3 }]);
        b.update('top', [{ op: 'max', value: 5 }]);
      },
    );
    expect(stateOf(run)).toEqual({ k: 2, list: [1, 2, 3], o: { a: 1, b: 2, c: 3 }, top: 5 });
  });

  contract.test('lists take the items of all, in the declared order', async (world) => {
    await using run = await opened(world);
    await together(
      run,
      (a) => a.list('l').append('a1', 'a2'),
      (b) => b.list('l').append('b1'),
    );
    expect(run.state.list('l').range()).toEqual(['a1', 'a2', 'b1']);
    await together(
      run,
      (a) => a.list('l').keepLast(1),
      (b) => b.list('l').append('b2'),
    );
    expect(run.state.list('l').range()).toEqual(['b1', 'b2']);
  });

  contract.test('`last` goes by declared order, not by time', async (world) => {
    const policies = [{ prefix: 'k', policy: 'last' }] as const;
    await using run = await opened(world, { policies });
    await together(
      run,
      (a) => a.set('k', 'a'),
      (b) => b.set('k', 'b'),
    );
    expect(run.state.get('k')).toBe('b');
    await together(
      run,
      (a) => a.set('k', 'a'),
      (b) => b.delete('k'),
    );
    expect(run.state.has('k')).toBe(false);
    await together(
      run,
      (a) => a.clear(),
      (b) => b.set('k', 'after'),
    );
    expect(stateOf(run)).toEqual({ k: 'after' });
  });

  contract.test('a named reducer gets the start and all writes, in order', async (world) => {
    const policies = [
      { prefix: 'votes/', policy: 'last' },
      { prefix: 'votes/x', policy: { reduce: 'join' } },
      { key: 'votes/xy', policy: 'last' },
      { key: 'drop', policy: { reduce: 'nothing' } },
    ] as const;
    const reducers = {
      join: ({ start, writes }: { start: unknown; writes: readonly { value: unknown }[] }) => {
        return [start ?? 'none', ...writes.map(({ value }) => value ?? 'deleted')];
      },
      nothing: () => undefined,
    };
    await using run = await opened(world, { policies, reducers });
    const write = (by: string) => (view: StepView) => {
      for (const key of ['votes/x1', 'votes/xy', 'votes/z', 'drop']) view.set(key, by);
    };
    await together(run, write('a'), write('b'));
    const { 'votes/x1': reduced, 'votes/xy': own, 'votes/z': other, drop } = stateOf(run);
    expect([reduced, own, other, drop]).toEqual([['none', 'a', 'b'], 'b', 'b', undefined]);
    await together(
      run,
      (a) => a.delete('votes/x1'),
      (b) => b.set('votes/x1', 'b'),
    );
    expect(run.state.get('votes/x1')).toEqual([['none', 'a', 'b'], 'deleted', 'b']);
  });

  contract.test('a policy whose reducer nobody gave is refused at the door', async (world) => {
    const policies = [{ key: 'k', policy: { reduce: 'sum' } }] as const;
    await expect(opened(world, { policies })).rejects.toThrow(/no reducer 'sum'/);
    await using run = await opened(world);
    expect(run.latest.id).toBe(0);
  });

  contract.test('private state cannot conflict', async (world) => {
    await using run = await opened(world);
    await together(
      run,
      (a) => a.private.set('k', 1),
      (b) => b.private.set('k', 2),
    );
    expect([run.private('a').get('k'), run.private('b').get('k')]).toEqual([1, 2]);
  });
}
