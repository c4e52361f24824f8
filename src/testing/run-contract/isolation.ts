/** Nobody sees half a step, nobody sees another's pending writes, nothing aliases. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { runsOf, stateOf, stepBy } from './acts.ts';

export function isolationContract(contract: LayerContract): void {
  contract.test('an executor never sees another’s pending writes', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { k: 1, gone: 1 } } });
    const step = run.step({ executors: ['a', 'b'] });
    const [a, b] = [step.view('a'), step.view('b')];
    a.set('k', 2);
    a.set('new', 2);
    a.delete('gone');
    a.list('l').append(1);
    expect([b.get('k'), b.get('new', 'none'), b.has('gone')]).toEqual([1, 'none', true]);
    expect([b.keys(), b.list('l').length]).toEqual([['gone', 'k'], 0]);
    await step.commit();
    expect(run.step().view('b').get('k')).toBe(2);
  });

  contract.test('a throw drops the whole step, the others’ writes too', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { k: 1 } } });
    const step = run.step();
    await step.execute('a', (view) => view.set('k', 2));
    const failing = step.execute('b', async (view) => {
      view.set('l', 2);
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    await expect(step.commit()).rejects.toMatchObject({ code: 'closed' });
    await stepBy(run, (view) => view.set('m', 3));
    expect(stateOf(run)).toEqual({ k: 1, m: 3 });
  });

  contract.test('an abort drops the step, and its views are over', async (world) => {
    await using run = await runsOf(world).open('r');
    const abort = new AbortController();
    const step = run.step({ signal: abort.signal });
    const view = step.view('a');
    view.set('k', 1);
    abort.abort();
    expect(() => view.set('k', 2)).toThrow(expect.objectContaining({ code: 'aborted' }));
    await expect(step.commit()).rejects.toMatchObject({ code: 'aborted' });
    await stepBy(run, (next) => expect(next.has('k')).toBe(false));
    expect(stateOf(run)).toEqual({});
  });

  contract.test('after the commit a view is over', async (world) => {
    await using run = await runsOf(world).open('r');
    const step = run.step();
    const view = step.view('a');
    await step.commit();
    const closed: unknown = expect.objectContaining({ code: 'closed' });
    expect(() => view.get('k')).toThrow(closed);
    expect(() => view.set('k', 1)).toThrow(closed);
    expect(() => view.list('l').append(1)).toThrow(closed);
    expect(() => step.view('a')).toThrow(closed);
  });

  contract.test('an attempt that is restarted leaves nothing behind', async (world) => {
    await using run = await runsOf(world).open('r');
    const step = run.step();
    const first = step.view('a');
    first.set('k', 1);
    const second = step.restart('a');
    expect(() => first.set('k', 2)).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(second.has('k')).toBe(false);
    second.set('l', 1);
    await step.commit();
    expect(stateOf(run)).toEqual({ l: 1 });
  });

  contract.test('values never alias', async (world) => {
    const given = { deep: { n: 1 }, bytes: [1] };
    await using run = await runsOf(world).open('r', { initial: { state: { given } } });
    given.deep.n = 2;
    await stepBy(run, (view) => {
      const seen = view.get<typeof given>('given')!;
      seen.deep.n = 3;
      expect(view.get('given')).toEqual({ deep: { n: 1 }, bytes: [1] });
      const staged = { n: 1 };
      const item = { n: 1 };
      view.set('staged', staged);
      view.list('l').append(item);
      staged.n = 2;
      item.n = 2;
      const bytes = Uint8Array.from([1, 2]);
      view.set('bytes', bytes);
      bytes[0] = 9;
    });
    const found = run.state.get<{ n: number }>('staged')!;
    found.n = 7;
    const loaded = await runsOf(world).load('r', run.latest.id);
    expect(loaded?.state.get('staged')).toEqual({ n: 1 });
    expect(loaded?.state.get('bytes')).toEqual(Uint8Array.from([1, 2]));
    expect(loaded?.state.list('l').range()).toEqual([{ n: 1 }]);
    expect((await runsOf(world).load('r', 0))?.state.get('given')).toEqual({
      deep: { n: 1 },
      bytes: [1],
    });
  });

  contract.test('one step at a time', async (world) => {
    await using run = await runsOf(world).open('r');
    const step = run.step();
    const refused = { code: 'invalid_argument' };
    expect(() => run.step()).toThrow(expect.objectContaining(refused));
    await expect(run.restore(0)).rejects.toMatchObject(refused);
    step.discard();
    await stepBy(run, (view) => view.set('k', 1));
    expect(() => run.step({ executors: ['a'] }).view('b')).toThrow(
      expect.objectContaining(refused),
    );
  });

  contract.test('the state has a limit, and says which', async (world) => {
    const maxStateBytes = 1000;
    await using run = await runsOf(world).open('r', { maxStateBytes });
    const details: unknown = expect.objectContaining({ limit: maxStateBytes });
    const over = { code: 'limit_exceeded', details };
    const step = run.step();
    step.view('a').set('k', 'x'.repeat(900));
    expect(() => step.view('a').set('l', 'x'.repeat(200))).toThrow(expect.objectContaining(over));
    await step.commit();
    const next = run.step();
    next.view('a').set('l', 'x'.repeat(500));
    await expect(next.commit()).rejects.toMatchObject(over);
    expect(run.state.keys()).toEqual(['k']);
    await stepBy(run, (view) => view.set('k', 1));
    expect(run.stateBytes).toBeLessThan(10);
    const wrong = runsOf(world).open('other', { maxStateBytes: 0 });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  contract.test('a value that would not survive is refused where it is staged', async (world) => {
    await using run = await runsOf(world).open('r');
    const view = run.step().view('a');
    const refused: unknown = expect.objectContaining({ code: 'invalid_value' });
    for (const value of [undefined, Number.NaN, new Map(), { d: new Date(0) }, 2 ** 60]) {
      expect(() => view.set('k', value)).toThrow(refused);
      expect(() => view.list('l').append(value)).toThrow(refused);
    }
    expect(view.has('k')).toBe(false);
  });
}
