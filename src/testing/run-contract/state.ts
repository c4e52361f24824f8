/** What one executor sees of its own writes, and what becomes of them. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { runsOf, stateOf, stepBy } from './acts.ts';

export function stateContract(contract: LayerContract): void {
  contract.test('a value that is set is seen by its executor at once', async (world) => {
    await using run = await runsOf(world).open('r');
    const view = run.step().view('a');
    view.set('k', { n: 1 });
    expect([view.get('k'), view.has('k')]).toEqual([{ n: 1 }, true]);
    view.set('k', 2);
    view.set('k', 3);
    expect(view.get('k')).toBe(3);
  });

  contract.test('what is set stays pending until the commit moves it', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { k: 1 } } });
    const step = run.step();
    step.view('a').set('k', 2);
    expect([run.state.get('k'), step.view('a').get('k')]).toEqual([1, 2]);
    expect(run.exportState().entries).toEqual([{ key: 'k', json: 1 }]);
    await step.commit();
    expect(run.state.get('k')).toBe(2);
  });

  contract.test('a default replaces absence only', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { none: null } } });
    const view = run.step().view('a');
    expect([view.get('none', 7), view.get('gone', 7), view.get('gone')]).toEqual([
      null,
      7,
      undefined,
    ]);
    view.delete('none');
    expect([view.get('none', 7), view.has('none')]).toEqual([7, false]);
  });

  contract.test('a deletion: of what is pending, of what is committed, of both', async (world) => {
    const state = { committed: 1, both: 1 };
    await using run = await runsOf(world).open('r', { initial: { state } });
    const step = run.step();
    const view = step.view('a');
    view.set('pending', 2);
    view.set('both', 2);
    const found = ['pending', 'committed', 'both'].map((key) => view.delete(key));
    expect(found).toEqual([true, true, true]);
    expect(view.keys()).toEqual([]);
    expect(stateOf(run)).toEqual({ both: 1, committed: 1 });
    await step.commit();
    expect(stateOf(run)).toEqual({});
  });

  contract.test('deleting what is missing is told, and is no error', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { k: 1 } } });
    const view = run.step().view('a');
    expect([view.delete('missing'), view.delete('k'), view.delete('k')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  contract.test('discard drops everything, and restores what was deleted', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { k: 1, l: 1 } } });
    const step = run.step();
    step.view('a').set('k', 2);
    step.view('a').delete('l');
    step.view('b').list('items').append(1);
    step.discard();
    expect(stateOf(run)).toEqual({ k: 1, l: 1 });
    expect(run.state.list('items').length).toBe(0);
    expect(run.latest.id).toBe(0);
  });

  contract.test('clear is staged, and undone by a discard', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { k: 1, l: 1 } } });
    const dropped = run.step();
    dropped.view('a').clear();
    expect(dropped.view('a').keys()).toEqual([]);
    dropped.discard();
    expect(stateOf(run)).toEqual({ k: 1, l: 1 });
    await stepBy(run, (view) => {
      view.set('before', 1);
      view.clear();
      view.set('after', 1);
    });
    expect(stateOf(run)).toEqual({ after: 1 });
  });

  contract.test('operations apply to what the executor sees', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { n: 5, o: {} } } });
    await stepBy(run, (view) => {
      view.update('n', [{ op: 'increment', by: 2 }]);
      view.update('n', [{ op: 'increment' }]);
      view.set('m', 1);
      view.update('m', [{ op: 'decrement' }]);
      view.update('o', [{ op: 'set', path: '/a/b', value: 1 }]);
      expect(view.get('n')).toBe(8);
      expect(() => view.update('o', [{ op: 'increment' }])).toThrow(/increment/);
      expect(() => view.update('n', [{ op: 'no' } as never])).toThrow(/no/);
    });
    expect(stateOf(run)).toEqual({ m: 0, n: 8, o: { a: { b: 1 } } });
  });

  contract.test('lists: appended, read, shortened, cleared', async (world) => {
    await using run = await runsOf(world).open('r');
    await stepBy(run, (view) => view.list('l').append('a', 'b', 'c'));
    await stepBy(run, (view) => {
      const list = view.list<string>('l');
      list.append('d');
      expect([list.length, list.get(0), list.get(-1), list.get(4)]).toEqual([
        4,
        'a',
        'd',
        undefined,
      ]);
      expect([list.range(1, 3), list.tail(2)]).toEqual([
        ['b', 'c'],
        ['c', 'd'],
      ]);
      expect(list.keepLast(2)).toBe(2);
      expect(list.range()).toEqual(['c', 'd']);
    });
    expect(run.state.list('l').range()).toEqual(['c', 'd']);
    await stepBy(run, (view) => {
      view.list('l').clear();
      view.list('l').append('e');
    });
    expect(run.state.list('l').range()).toEqual(['e']);
    await stepBy(run, (view) => view.list('l').clear());
    expect(run.state.list('l').length).toBe(0);
    await stepBy(run, (view) => view.list('l').append('f'));
    expect(run.state.list('l').range()).toEqual(['f']);
  });

  contract.test('private state is one executor’s, beside shared state', async (world) => {
    await using run = await runsOf(world).open('r');
    const step = run.step();
    for (const executor of ['a', 'b']) {
      step.view(executor).private.set('k', executor);
      step.view(executor).private.list('l').append(executor);
    }
    step.view('a').set('k', 'shared');
    await step.commit();
    expect(stateOf(run)).toEqual({ k: 'shared' });
    expect([run.private('a').get('k'), run.private('b').get('k')]).toEqual(['a', 'b']);
    expect(run.private('b').list('l').range()).toEqual(['b']);
    expect(run.private('c').keys()).toEqual([]);
    const next = run.step();
    next.view('a').private.clear();
    expect(next.view('b').private.get('k')).toBe('b');
  });

  contract.test('reserved and impossible names are refused', async (world) => {
    await using run = await runsOf(world).open('r');
    const step = run.step();
    const view = step.view('a');
    const refused: unknown = expect.objectContaining({ code: 'invalid_name' });
    for (const key of ['', '$x', 'a\0b', '\ud800', 'x'.repeat(641)]) {
      expect(() => view.set(key, 1)).toThrow(refused);
      expect(() => view.private.get(key)).toThrow(refused);
      expect(() => step.view(key)).toThrow(refused);
      expect(() => view.list(key)).toThrow(refused);
    }
    view.set('_executor_state', 1);
    view.set('x'.repeat(640), 1);
    await step.commit();
    expect(run.state.keys()).toHaveLength(2);
  });

  contract.test('no name leads into another’s place', async (world) => {
    const names = ['a', 'a/b', 'a/', '/', '%2F', 'a%2Fb', '..', 'p/a/b', 'é', '\u{1f600}'];
    const { app } = world;
    {
      await using run = await app.runs('flow').open('r');
      await stepBy(run, (view) => {
        for (const name of names) {
          view.set(name, `shared ${name}`);
          view.list(name).append(`list ${name}`);
        }
      });
      const step = run.step();
      for (const executor of names) {
        for (const name of names) {
          step.view(executor).private.set(name, `${executor} ${name}`);
          step.view(executor).private.list(name).append(`${executor} list ${name}`);
        }
      }
      await step.commit();
    }
    await using run = await app.runs('flow').open('r');
    for (const name of names) {
      expect(run.state.get(name)).toBe(`shared ${name}`);
      expect(run.state.list(name).range()).toEqual([`list ${name}`]);
      for (const executor of names) {
        expect(run.private(executor).get(name)).toBe(`${executor} ${name}`);
        expect(run.private(executor).list(name).range()).toEqual([`${executor} list ${name}`]);
      }
    }
  });
}
