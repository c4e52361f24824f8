/** What a read of a scope gives back. */
import { expect, vi } from 'vitest';
import { systemClock } from '../../internal/clock.ts';
import { seededRandom } from '../../internal/random.ts';
import { limits } from '../../ledger/index.ts';
import { App } from '../../store/index.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

export function readsContract(contract: LayerContract): void {
  contract.test('a default replaces absence only; null is a value', async ({ app }) => {
    const scope = app.scope<number | null>('s');
    await scope.set('none', null);
    expect(await scope.get('none', 5)).toBe(null);
    expect(await scope.get('absent', 5)).toBe(5);
    expect(await scope.get('absent')).toBe(undefined);
    expect(await scope.has('none')).toBe(true);
    expect(await scope.has('absent')).toBe(false);
  });

  contract.test('a value read is a copy of its own', async ({ app }) => {
    const scope = app.scope<{ list: number[] }>('s');
    const given = { list: [1] };
    await scope.set('a', given);
    given.list.push(2);
    (await scope.get('a'))?.list.push(3);
    expect(await scope.get('a')).toEqual({ list: [1] });
  });

  contract.test('bytes come back as bytes', async ({ app }) => {
    const scope = app.scope<Uint8Array>('s');
    await scope.set('a', Uint8Array.of(0, 255));
    expect(await scope.get('a')).toEqual(Uint8Array.of(0, 255));
  });

  contract.test('reads of one tick share one read of the ledger', async ({ ledger }) => {
    const parts = { clock: systemClock, random: seededRandom(1) };
    const scope = App.over(ledger, parts).scope<number>('s');
    await scope.setMany({ a: 1, b: 2 });
    const read = vi.spyOn(ledger, 'read');
    const found = await Promise.all([scope.get('a'), scope.entry('b'), scope.has('c')]);
    expect(found).toMatchObject([1, { value: 2 }, false]);
    expect(read).toHaveBeenCalledTimes(1);
    read.mockRestore();
  });

  contract.test('a key that is no key fails its own reader alone', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.set('a', 1);
    const settled = await Promise.allSettled([scope.get('a'), scope.get(''), scope.get('b', 2)]);
    expect(settled).toMatchObject([
      { value: 1 },
      { reason: { code: 'invalid_name' } },
      { value: 2 },
    ]);
  });

  contract.test('more reads at once than one read may name are answered all', async ({ app }) => {
    const scope = app.scope<number>('s');
    const keys = Array.from({ length: limits.readRefs + 5 }, (_, n) => `k${n}`);
    await scope.set(keys.at(-1) ?? '', 7);
    const single = await Promise.all(keys.map((key) => scope.get(key)));
    expect(single.at(-1)).toBe(7);
    expect(single).toEqual(await scope.getMany(keys));
  });

  contract.test('getMany keeps the order of the keys and shows what is absent', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany([
      ['a', 1],
      ['b', 2],
    ]);
    expect(await scope.getMany(['b', 'x', 'a', 'b'])).toEqual([2, undefined, 1, 2]);
    expect(await scope.getMany([])).toEqual([]);
  });

  contract.timed('an entry tells its version and times', async ({ app }, clock) => {
    const scope = app.scope<number>('s');
    const created = await scope.set('a', 1, { ttlMs: 1000 });
    const createdAt = clock.now();
    clock.advance(10);
    const { version } = await scope.set('a', 2, { ttlMs: 500 });
    expect(version).toBeGreaterThan(created.version);
    expect(await scope.entry('a')).toMatchObject({
      key: 'a',
      value: 2,
      version,
      createdAt,
      updatedAt: createdAt + 10,
      expiresAt: createdAt + 510,
      schema: 0,
    });
    expect(await scope.entry('b')).toBe(undefined);
  });

  contract.timed('what has expired is gone for every read at once', async ({ app }, clock) => {
    const scope = app.scope<number>('s');
    await scope.set('a', 1, { ttlMs: 1000 });
    await scope.set('b', 2);
    clock.advance(999);
    expect(await scope.get('a')).toBe(1);
    clock.advance(1);
    expect(await scope.get('a', 9)).toBe(9);
    expect(await scope.has('a')).toBe(false);
    expect(await scope.entry('a')).toBe(undefined);
    expect(await scope.count()).toBe(1);
    expect(await collect(scope.keys())).toEqual(['b']);
  });
}
