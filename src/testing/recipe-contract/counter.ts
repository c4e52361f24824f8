/** Numbers that two processes change at once. */
import { expect } from 'vitest';
import { Counter } from '../../layers/recipes/index.ts';
import type { App } from '../../store/index.ts';
import type { LayerContract } from '../layer-world.ts';

function counterOf(app: App): Counter {
  return new Counter(app.scope<number>('counters'));
}

export function counterContract(contract: LayerContract): void {
  contract.test('every addition counts, and each is told another number', async (world) => {
    const counters = [counterOf(world.app), counterOf(await world.another())];
    const added = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (counters[n % 2] ?? counterOf(world.app)).add('n')),
    );
    expect(added.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    expect(await counters[1]?.value('n')).toBe(60);
    expect(await counters[0]?.add('n', -70)).toBe(-10);
  });

  contract.test('bounds are kept by many at once, in two processes', async (world) => {
    const counters = [counterOf(world.app), counterOf(await world.another())];
    const answers = await Promise.all(
      counters.flatMap((counter) =>
        Array.from({ length: 20 }, () => counter.addWithin('seats', 2, { max: 15 })),
      ),
    );
    expect(answers.filter(({ kind }) => kind === 'changed')).toHaveLength(7);
    expect(await counters[0]?.value('seats')).toBe(14);
    const refused = await counters[0]?.addWithin('seats', -15, { min: 0 });
    expect(refused).toEqual({ kind: 'refused', value: 14 });
  });

  contract.test('what is out of bounds already may come back', async ({ app }) => {
    const counter = counterOf(app);
    await counter.add('n', 10);
    expect(await counter.addWithin('n', -1, { max: 5 })).toEqual({ kind: 'changed', value: 9 });
    expect(await counter.addWithin('n', 1, { max: 5 })).toMatchObject({ kind: 'refused' });
  });

  contract.test('a reset loses no addition', async (world) => {
    const counters = [counterOf(world.app), counterOf(await world.another())] as const;
    let taken = 0;
    const resets = async (): Promise<void> => {
      for (let n = 0; n < 5; n += 1) taken += await counters[1].reset('n');
    };
    const adds = Array.from({ length: 40 }, () => counters[0].add('n'));
    await Promise.all([...adds, resets()]);
    expect(taken + (await counters[0].value('n'))).toBe(40);
  });

  contract.test('what is no number is left alone', async ({ app }) => {
    await app.scope('counters').set('n', 'seven');
    await expect(counterOf(app).add('n')).rejects.toMatchObject({ code: 'operation_failed' });
    const half = counterOf(app).addWithin('m', 0.5, {});
    await expect(half).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await app.scope('counters').get('n')).toBe('seven');
  });
}
