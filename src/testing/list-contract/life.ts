/** Trimming, clearing and expiring: how items go. */
import { expect } from 'vitest';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

export function listLifeContract(contract: LayerContract): void {
  contract.test('trimming drops the oldest and renumbers nothing', async ({ app }) => {
    const list = app.list<number>('l');
    await list.append(0, 1, 2, 3, 4);
    expect(await list.trim({ keepLast: 3 })).toBe(2);
    expect(await list.bounds()).toEqual({ first: 2, next: 5 });
    expect([await list.get(1), await list.get(2), await list.get(-3)]).toEqual([undefined, 2, 2]);
    expect(await list.trim({ before: 4 })).toBe(2);
    expect(await list.trim({ before: 3 })).toBe(0);
    expect(await list.trim({ keepLast: 9 })).toBe(0);
    expect(await list.range()).toEqual([4]);
    expect(await list.trim({ keepLast: 0 })).toBe(1);
    expect(await list.append(5)).toMatchObject({ from: 5 });
    await expect(list.trim({ keepLast: -1 })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  contract.test('a long list is trimmed whole, and its entries are gone', async (world) => {
    const list = world.app.list<number>('l');
    const items = Array.from({ length: 900 }, (_, n) => n);
    for (let round = 0; round < 3; round += 1) await list.appendAll(items);
    expect(await list.trim({ keepLast: 10 })).toBe(2690);
    expect(await list.tail(100)).toEqual(items.slice(-10));
    expect((await world.ledger.scope('$list/l')).entries).toBe(11);
    expect(await list.clear()).toBe(10);
    expect((await world.ledger.scope('$list/l')).entries).toBe(0);
  });

  contract.test('appends and trims of two processes get along', async ({ app, another }) => {
    const lists = [app.list<number>('l'), (await another()).list<number>('l')];
    const work = Array.from({ length: 40 }, async (_, n) => {
      await lists[n % 2]?.append(n);
      if (n % 4 === 0) await lists[(n + 1) % 2]?.trim({ keepLast: 5 });
    });
    await Promise.all(work);
    await lists[0]?.trim({ keepLast: 5 });
    expect(await lists[1]?.bounds()).toEqual({ first: 35, next: 40 });
    expect(await lists[1]?.range()).toHaveLength(5);
  });

  contract.test('a cleared list begins anew', async ({ app }) => {
    const list = app.list<string>('l');
    await list.append('a', 'b');
    expect(await list.clear()).toBe(2);
    expect(await list.length()).toBe(0);
    expect(await collect(app.lists())).toEqual([]);
    expect(await list.append('c')).toMatchObject({ from: 0 });
    expect(await list.range()).toEqual(['c']);
  });

  contract.timed('the whole list expires after its last append', async ({ app }, clock) => {
    const list = app.list<number>('l', { ttlMs: 1000 });
    for (let n = 0; n < 40; n += 1) {
      await list.append(n);
      clock.advance(400);
    }
    expect(await list.length()).toBe(40);
    expect((await list.range()).length).toBe(40);
    clock.advance(599);
    expect(await list.get(0)).toBe(0);
    clock.advance(1);
    expect([await list.length(), await list.get(0), await list.get(39)]).toEqual([
      0,
      undefined,
      undefined,
    ]);
    expect([await list.range(), await list.tail(3)]).toEqual([[], []]);
  });

  contract.timed('a list that follows an expired one has nothing of it', async (world, clock) => {
    const list = world.app.list<string>('l', { ttlMs: 1000 });
    await list.append('old 0', 'old 1', 'old 2');
    clock.advance(1000);
    expect(await list.append('new')).toMatchObject({ from: 0 });
    expect(await list.range()).toEqual(['new']);
    expect(await list.tail(3)).toEqual(['new']);
    expect([await list.get(1), await list.get(-1)]).toEqual([undefined, 'new']);
    const [item] = await collect(list.entries());
    expect(item?.createdAt).toBe(clock.now());
    clock.advance(500);
    await list.append('newer', 'newest');
    expect(await list.range()).toEqual(['new', 'newer', 'newest']);
  });

  contract.timed('a life that is changed holds for every item', async ({ app }, clock) => {
    const list = app.list<number>('l', { ttlMs: 1000 });
    await list.append(1, 2);
    await app.list<number>('l', { ttlMs: 100_000 }).append(3);
    clock.advance(90_000);
    expect(await list.range()).toEqual([1, 2, 3]);
    expect(await list.touch(50)).toBe(true);
    clock.advance(49);
    await app.list<number>('l').append(4);
    clock.advance(49);
    expect(await list.length()).toBe(4);
    await app.list<number>('l', { ttlMs: null }).append(5);
    clock.advance(10_000_000);
    expect(await list.range()).toEqual([1, 2, 3, 4, 5]);
  });

  contract.timed('a transaction keeps the life of a list', async ({ app }, clock) => {
    const list = app.list<number>('l', { ttlMs: 1000 });
    for (let n = 0; n < 10; n += 1) {
      await app.transact((tx) => void list.in(tx).append(n));
      clock.advance(900);
    }
    expect(await list.range()).toHaveLength(10);
    clock.advance(100);
    expect(await list.length()).toBe(0);
  });
}
