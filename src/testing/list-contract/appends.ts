/** Adding at the end, by many at once. */
import { expect, vi } from 'vitest';
import { userSchema } from '../hand-made-schemas.ts';
import type { LayerContract } from '../layer-world.ts';

export function appendsContract(contract: LayerContract): void {
  contract.test('items get the next indexes, all or none', async ({ app }) => {
    const list = app.list('l');
    expect(await list.append('a', 'b')).toMatchObject({ from: 0, to: 2 });
    await expect(list.append('c', Number.NaN)).rejects.toMatchObject({ code: 'invalid_value' });
    expect(await list.append(null)).toMatchObject({ from: 2, to: 3 });
    expect(await list.range()).toEqual(['a', 'b', null]);
  });

  contract.test('concurrent appends share few commits and keep their order', async (world) => {
    const list = world.app.list<number>('l');
    const numbers = Array.from({ length: 2500 }, (_, n) => n);
    const commit = vi.spyOn(world.ledger, 'commit');
    const appended = await Promise.all(numbers.map((n) => list.append(n)));
    expect(commit.mock.calls.length).toBeLessThan(20);
    commit.mockRestore();
    expect(appended.map(({ from }) => from)).toEqual(numbers);
    expect(await list.range()).toEqual(numbers);
  });

  contract.test('appenders of two processes lose nothing and leave no gap', async (world) => {
    const lists = [world.app.list<string>('l'), (await world.another()).list<string>('l')];
    const indexes: number[] = [];
    const work = Array.from({ length: 60 }, async (_, n) => {
      const appended = await lists[n % 2]?.append(`${n}a`, `${n}b`);
      indexes.push(appended?.from ?? -1, appended?.from ?? -1);
      const found = await lists[(n + 1) % 2]?.range(appended?.from, appended?.to);
      expect(found).toEqual([`${n}a`, `${n}b`]);
    });
    await Promise.all(work);
    expect(await lists[0]?.bounds()).toEqual({ first: 0, next: 120 });
    expect(new Set(await lists[0]?.range()).size).toBe(120);
    expect(new Set(indexes).size).toBe(60);
  });

  contract.test('one append that is refused fails alone', async ({ app }) => {
    const list = app.list<string>('l');
    const large = 'x'.repeat(2 ** 20);
    const settled = await Promise.allSettled([
      list.append('a'),
      list.append(large),
      list.append('b'),
    ]);
    expect(settled).toMatchObject([
      { value: { from: 0 } },
      { reason: { code: 'limit_exceeded' } },
      { value: { from: 1 } },
    ]);
    expect(await list.range()).toEqual(['a', 'b']);
  });

  contract.test('an append reads nothing once the list is known', async ({ app, ledger }) => {
    const list = app.list<number>('l');
    await list.append(0);
    const read = vi.spyOn(ledger, 'read');
    for (let n = 1; n < 10; n += 1) await list.append(n);
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
    expect(await list.length()).toBe(10);
  });

  contract.test('too many items at once are refused', async ({ app }) => {
    const list = app.list<number>('l');
    const items = Array.from({ length: 1000 }, (_, n) => n);
    await expect(list.append(...items)).rejects.toMatchObject({ code: 'limit_exceeded' });
    await expect(list.append()).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await list.append(...items.slice(1))).toMatchObject({ from: 0, to: 999 });
  });

  contract.test('a schema judges items and makes what is read', async ({ app }) => {
    const list = app.list('l', { schema: userSchema });
    await list.append({ name: 'Ada' });
    await expect(list.append({ name: 'Bob', visits: -1 })).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
    expect(await list.range()).toEqual([{ name: 'Ada', visits: 0 }]);
    await app.list('l').append('odd');
    await expect(list.get(1)).rejects.toMatchObject({ code: 'schema_mismatch' });
    expect(await app.list('l').get(1)).toBe('odd');
  });
}
