/**
 * What the state tests of Microsoft's Agent Framework ask for, rule by rule, in both of its
 * implementations. Where a name says "not …", docs/runs.md says why another rule was chosen.
 */
import { expect } from 'vitest';
import type { Run } from '../../../src/index.ts';
import type { LayerContract, LayerWorld } from '../../../src/testing/layer-world.ts';
import { runsOf, stateOf, stepBy } from '../../../src/testing/run-contract/acts.ts';

/** A run with `a` and `b` committed. */
function begun(world: LayerWorld): Promise<Run> {
  return runsOf(world).open('r', { initial: { state: { a: 1, b: 1 } } });
}

function pendingRules(contract: LayerContract): void {
  contract.test('Python: set, then get', async (world) => {
    await using run = await begun(world);
    const view = run.step().view('e');
    view.set('k', 'v');
    expect(view.get('k')).toBe('v');
  });

  contract.test('Python: get gives a default where nothing is', async (world) => {
    await using run = await begun(world);
    const view = run.step().view('e');
    expect([view.get('k'), view.get('k', 'd'), view.get('a', 'd')]).toEqual([undefined, 'd', 1]);
  });

  contract.test(
    'Python: has looks at what is pending, then at what is committed',
    async (world) => {
      await using run = await begun(world);
      const view = run.step().view('e');
      view.set('k', 1);
      view.delete('b');
      expect(['k', 'a', 'b', 'x'].map((key) => view.has(key))).toEqual([true, true, false, false]);
    },
  );

  contract.test('Python: delete takes a key away', async (world) => {
    await using run = await begun(world);
    const view = run.step().view('e');
    expect([view.delete('a'), view.has('a')]).toEqual([true, false]);
  });

  contract.test('Python: deleting a missing key is told, not raised', async (world) => {
    await using run = await begun(world);
    const view = run.step().view('e');
    expect([view.delete('x'), view.delete('a'), view.delete('a')]).toEqual([false, true, false]);
  });

  contract.test('Python: clear empties the state, staged, not at once', async (world) => {
    await using run = await begun(world);
    await stepBy(run, (view) => {
      view.set('k', 1);
      view.clear();
      expect(view.keys()).toEqual([]);
      expect(stateOf(run)).toEqual({ a: 1, b: 1 });
    });
    expect(stateOf(run)).toEqual({});
  });

  contract.test('Python: what is set stays pending', async (world) => {
    await using run = await begun(world);
    run.step().view('e').set('k', 1);
    expect(run.state.has('k')).toBe(false);
  });

  contract.test('Python: commit moves what is pending', async (world) => {
    await using run = await begun(world);
    await stepBy(run, (view) => view.set('k', 1));
    expect(run.state.get('k')).toBe(1);
  });

  contract.test('Python: discard drops what is pending', async (world) => {
    await using run = await begun(world);
    const step = run.step();
    step.view('e').set('k', 1);
    step.discard();
    expect(stateOf(run)).toEqual({ a: 1, b: 1 });
  });

  contract.test('Python: what is pending overrides what is committed', async (world) => {
    await using run = await begun(world);
    const view = run.step().view('e');
    view.set('a', 2);
    expect([view.get('a'), run.state.get('a')]).toEqual([2, 1]);
  });

  contract.test('Python: of several sets the last one counts', async (world) => {
    await using run = await begun(world);
    await stepBy(run, (view) => {
      for (const n of [1, 2, 3]) view.set('k', n);
    });
    expect(run.state.get('k')).toBe(3);
  });

  contract.test('Python: delete of what is pending only', async (world) => {
    await using run = await begun(world);
    await stepBy(run, (view) => {
      view.set('k', 1);
      expect(view.delete('k')).toBe(true);
    });
    expect(stateOf(run)).toEqual({ a: 1, b: 1 });
  });

  contract.test('Python: delete of what is committed', async (world) => {
    await using run = await begun(world);
    await stepBy(run, (view) => {
      view.delete('a');
      expect(run.state.has('a')).toBe(true);
    });
    expect(stateOf(run)).toEqual({ b: 1 });
  });

  contract.test('Python: delete of what is pending and committed', async (world) => {
    await using run = await begun(world);
    await stepBy(run, (view) => {
      view.set('a', 2);
      view.delete('a');
      expect(view.get('a', 'none')).toBe('none');
    });
    expect(stateOf(run)).toEqual({ b: 1 });
  });

  contract.test('Python: discard after delete restores', async (world) => {
    await using run = await begun(world);
    const step = run.step();
    step.view('e').delete('a');
    step.discard();
    expect(stateOf(run)).toEqual({ a: 1, b: 1 });
    await stepBy(run, (view) => expect(view.get('a')).toBe(1));
  });
}

function superstepRules(contract: LayerContract): void {
  contract.test('Python: a failure keeps what is committed', async (world) => {
    await using run = await begun(world);
    const failing = run.step().execute('e', (view) => {
      view.set('a', 2);
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(stateOf(run)).toEqual({ a: 1, b: 1 });
  });

  contract.test('Python: no commit in part', async (world) => {
    await using run = await begun(world);
    const step = run.step();
    await step.execute('e', (view) => view.set('k', 1));
    await step.execute('f', () => Promise.reject(new Error('broken'))).catch(() => undefined);
    await expect(step.commit()).rejects.toMatchObject({ code: 'closed' });
    // What failed is not there for a later step to commit either.
    await stepBy(run, (view) => view.set('l', 1));
    expect(stateOf(run)).toEqual({ a: 1, b: 1, l: 1 });
  });

  contract.test('Python: supersteps are isolated from each other', async (world) => {
    await using run = await begun(world);
    const first = run.step();
    first.view('e').set('k', 1);
    await first.commit();
    const second = run.step();
    expect(second.view('e').get('k')).toBe(1);
    expect(() => first.view('e')).toThrow(expect.objectContaining({ code: 'closed' }));
    second.view('e').set('k', 2);
    second.discard();
    expect(run.state.get('k')).toBe(1);
  });

  contract.test('Python: an export has what is committed, and nothing else', async (world) => {
    await using run = await begun(world);
    run.step().view('e').set('a', 2);
    expect(run.exportState().entries).toEqual([
      { key: 'a', json: 1 },
      { key: 'b', json: 1 },
    ]);
  });

  contract.test('Python: an import merges, and leaves pending writes pending', async (world) => {
    await using run = await begun(world);
    const step = run.step();
    step.view('e').set('a', 'pending');
    const entries = [
      { key: 'b', json: 2 },
      { key: 'c', json: 2 },
    ];
    await run.importState({ format: 1, entries });
    expect(stateOf(run)).toEqual({ a: 1, b: 2, c: 2 });
    await step.commit();
    expect(stateOf(run)).toEqual({ a: 'pending', b: 2, c: 2 });
  });

  contract.test('.NET: a writer sees its own writes', async (world) => {
    await using run = await begun(world);
    const view = run.step().view('e');
    view.set('a', 2);
    view.delete('b');
    expect([view.get('a'), view.keys()]).toEqual([2, ['a']]);
  });

  contract.test(
    '.NET, not Python: nobody sees another’s write until it is published',
    async (world) => {
      await using run = await begun(world);
      const step = run.step();
      step.view('e').set('a', 2);
      step.view('e').set('k', 2);
      const other = step.view('f');
      expect([other.get('a'), other.has('k')]).toEqual([1, false]);
      await step.commit();
      expect(run.step().view('f').get('a')).toBe(2);
    },
  );

  contract.test('.NET: private state is its executor’s', async (world) => {
    await using run = await begun(world);
    const step = run.step();
    step.view('e').private.set('k', 'of e');
    step.view('f').private.set('k', 'of f');
    await step.commit();
    const next = run.step();
    expect([next.view('e').private.get('k'), next.view('f').private.get('k')]).toEqual([
      'of e',
      'of f',
    ]);
    expect(next.view('e').has('k')).toBe(false);
  });

  const second = {
    write: (run: ReturnType<Run['step']>) => run.view('f').set('a', 2),
    delete: (run: ReturnType<Run['step']>) => void run.view('f').delete('a'),
    clear: (run: ReturnType<Run['step']>) => run.view('f').clear(),
  };
  for (const [name, act] of Object.entries(second)) {
    contract.test(
      `.NET, not Python: write and ${name} conflict, and name the key`,
      async (world) => {
        await using run = await begun(world);
        const step = run.step();
        step.view('e').set('a', 2);
        act(step);
        await expect(step.commit()).rejects.toMatchObject({
          code: 'step_conflict',
          message: expect.stringMatching(/'a'/) as unknown,
        });
        expect(stateOf(run)).toEqual({ a: 1, b: 1 });
      },
    );
  }

  contract.test('.NET: state lives on from step to step', async (world) => {
    await using run = await begun(world);
    for (let n = 2; n <= 4; n += 1) {
      await stepBy(run, (view) => view.set('a', view.get('a', 0) + 1));
      expect(run.state.get('a')).toBe(n);
    }
  });

  contract.test('.NET: and in another process, from the last checkpoint', async (world) => {
    const run = await begun(world);
    await stepBy(run, (view) => view.set('a', { deep: [1, 'é', null, true] }));
    await run.close();
    await using again = await (await world.another()).runs('flow').open('r');
    expect(stateOf(again)).toEqual({ a: { deep: [1, 'é', null, true] }, b: 1 });
  });
}

export function stateRules(contract: LayerContract): void {
  pendingRules(contract);
  superstepRules(contract);
}
