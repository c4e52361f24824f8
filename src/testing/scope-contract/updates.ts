/** Changing a value without losing what others do to it meanwhile. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';

export function updatesContract(contract: LayerContract): void {
  contract.test('concurrent updates are all there', async ({ app }) => {
    const scope = app.scope<number>('s');
    const work = Array.from({ length: 60 }, async (_, n) => {
      if (n % 2 === 0) await scope.update('n', [{ op: 'increment' }]);
      else await scope.update('n', (value = 0) => value + 1);
    });
    await Promise.all(work);
    expect(await scope.get('n')).toBe(60);
  });

  contract.test('concurrent updates of two processes are all there', async ({ app, another }) => {
    const scopes = [app.scope<number>('s'), (await another()).scope<number>('s')];
    const work = Array.from({ length: 40 }, async (_, n) => {
      await scopes[n % 2]?.update('n', (value = 0) => value + 1);
    });
    await Promise.all(work);
    expect(await scopes[1]?.get('n')).toBe(40);
  });

  contract.test('update tells both values on demand', async ({ app }) => {
    const scope = app.scope<{ n: number; tags?: string[] }>('s');
    const created = await scope.update('a', () => ({ n: 1 }), { returns: 'values' });
    expect(created).toMatchObject({ change: 'created', previous: undefined, value: { n: 1 } });
    const changed = await scope.update(
      'a',
      [
        { op: 'increment', path: ['n'], by: 2 },
        { op: 'append', path: '/tags', value: 'x' },
      ],
      { returns: 'values' },
    );
    expect(changed).toMatchObject({
      change: 'updated',
      previous: { n: 1 },
      value: { n: 3, tags: ['x'] },
    });
  });

  contract.test('a function that throws changes nothing', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.set('a', 1);
    const broke = scope.update('a', () => {
      throw new Error('insufficient');
    });
    await expect(broke).rejects.toThrow('insufficient');
    expect(await scope.get('a')).toBe(1);
  });

  contract.test('a function that returns nothing, or a promise, is a mistake', async ({ app }) => {
    const scope = app.scope('s');
    await scope.set('a', 1);
    for (const mistake of [() => undefined, async () => 2]) {
      await expect(scope.update('a', mistake)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
    expect(await scope.get('a')).toBe(1);
  });

  contract.test('an operation that does not apply changes nothing', async ({ app }) => {
    const scope = app.scope('s');
    await scope.set('a', { n: 'text' });
    const operations = [
      { op: 'set', path: '/m', value: 1 },
      { op: 'increment', path: '/n' },
    ] as const;
    await expect(scope.update('a', operations)).rejects.toMatchObject({ code: 'operation_failed' });
    expect(await scope.get('a')).toEqual({ n: 'text' });
  });
}
