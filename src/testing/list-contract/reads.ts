/** Reading a list by index, range and end. */
import { expect } from 'vitest';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

export function listReadsContract(contract: LayerContract): void {
  contract.test('a list that nobody appended to is empty', async ({ app }) => {
    const list = app.list('l');
    expect(await list.length()).toBe(0);
    expect(await list.bounds()).toEqual({ first: 0, next: 0 });
    expect([await list.get(0), await list.get(-1)]).toEqual([undefined, undefined]);
    expect([await list.range(), await list.tail(3)]).toEqual([[], []]);
    expect(await list.clear()).toBe(0);
    expect(await list.touch(1000)).toBe(false);
  });

  contract.test('get takes an index from either end', async ({ app }) => {
    const list = app.list<string | null>('l');
    await list.append('a', null, 'c');
    const found = await Promise.all([0, 1, 2, 3, -1, -3, -4].map((index) => list.get(index)));
    expect(found).toEqual(['a', null, 'c', undefined, 'c', 'a', undefined]);
    await expect(list.get(0.5)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  contract.test('range and tail keep the order of the appends', async ({ app }) => {
    const list = app.list<number>('l');
    const numbers = Array.from({ length: 1200 }, (_, n) => n);
    await list.appendAll(numbers.slice(0, 900));
    await list.appendAll(numbers.slice(900));
    expect(await list.range()).toEqual(numbers);
    expect(await list.range(899, 902)).toEqual([899, 900, 901]);
    expect(await list.range(1198)).toEqual([1198, 1199]);
    expect(await list.range(5, 5)).toEqual([]);
    expect(await list.tail(3)).toEqual([1197, 1198, 1199]);
    expect(await list.tail(0)).toEqual([]);
    expect((await list.tail(5000)).length).toBe(1200);
  });

  contract.test('entries tell index and value, in both directions', async ({ app }) => {
    const list = app.list<string>('l');
    await list.append('a', 'b', 'c', 'd');
    const found = await collect(list.entries({ from: 1, to: 3, pageSize: 1 }));
    expect(found).toMatchObject([
      { index: 1, value: 'b', createdAt: expect.any(Number) as unknown },
      { index: 2, value: 'c' },
    ]);
    const back = list.entries({ reverse: true, limit: 2, pageSize: 1 });
    expect((await collect(back)).map(({ index }) => index)).toEqual([3, 2]);
    expect(await collect(list)).toEqual(['a', 'b', 'c', 'd']);
  });

  contract.test('an iteration shows the list as it was at its first page', async ({ app }) => {
    const list = app.list<string>('l');
    await list.append('a', 'b', 'c');
    const seen: string[] = [];
    for await (const { value } of list.entries({ pageSize: 1 })) {
      seen.push(value);
      if (value === 'a') {
        await list.append('d');
        await list.trim({ keepLast: 1 });
      }
    }
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  contract.test('lists are listed by name', async ({ app }) => {
    await app.list('session/2').append('x');
    await app.list('session/1').append('x');
    await app.list('other').append('x');
    expect(await collect(app.lists())).toEqual(['other', 'session/1', 'session/2']);
    expect(await collect(app.lists({ prefix: 'session/' }))).toHaveLength(2);
    expect(() => app.list('$x')).toThrow(/starts with '\$'/);
  });
}
