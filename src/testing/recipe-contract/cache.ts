/** What a cache hands out, and for how long. */
import { expect, vi } from 'vitest';
import { Cache } from '../../layers/recipes/index.ts';
import { userSchema } from '../hand-made-schemas.ts';
import type { LayerContract } from '../layer-world.ts';
import { patience } from './computations.ts';

export function cacheContract(contract: LayerContract): void {
  contract.timed(
    'a value is fresh, then stale, then gone, to the millisecond',
    async (w, clock) => {
      const cache = new Cache<number>(w.app, 'c', { ttlMs: 100, staleMs: 50 });
      let computed = 0;
      const compute = async () => (computed += 1);
      expect(await cache.getOrCompute('k', compute)).toBe(1);
      clock.advance(99);
      expect(await cache.getOrCompute('k', compute)).toBe(1);
      expect(computed).toBe(1);
      clock.advance(1);
      expect(await cache.getOrCompute('k', compute)).toBe(1);
      await vi.waitFor(async () => expect(await cache.get('k')).toBe(2), patience);
      expect(await cache.getOrCompute('k', compute)).toBe(2);
      expect(computed).toBe(2);
      clock.advance(149);
      expect(await cache.get('k')).toBe(2);
      clock.advance(1);
      expect(await cache.get('k')).toBe(undefined);
      expect(await cache.getOrCompute('k', compute)).toBe(3);
    },
  );

  contract.timed('a stale value is served while it cannot be had anew', async (w, clock) => {
    const told: unknown[] = [];
    const onError = (error: unknown, key: string) => void told.push([key, error]);
    const cache = new Cache<number>(w.app, 'c', { ttlMs: 100, staleMs: 1000, onError });
    await cache.set('k', 1);
    clock.advance(100);
    const down = new Error('down');
    const fail = () => Promise.reject(down);
    expect(await cache.getOrCompute('k', fail)).toBe(1);
    await vi.waitFor(() => expect(told).toEqual([['k', down]]), patience);
    await vi.waitFor(async () => {
      expect([1, 2]).toContain(await cache.getOrCompute('k', () => 2));
      expect(await cache.get('k')).toBe(2);
    }, patience);
  });

  contract.timed('that there is nothing is remembered if it shall be', async ({ app }, clock) => {
    let asked = 0;
    const compute = () => {
      asked += 1;
      return undefined;
    };
    const forgetful = new Cache<number>(app, 'a', { ttlMs: 1000 });
    expect(await forgetful.getOrCompute('k', compute)).toBe(undefined);
    expect(await forgetful.getOrCompute('k', compute)).toBe(undefined);
    expect(asked).toBe(2);
    const cache = new Cache<number>(app, 'b', { ttlMs: 1000, missingMs: 10 });
    expect(await cache.getOrCompute('k', compute)).toBe(undefined);
    expect(await cache.getOrCompute('k', compute)).toBe(undefined);
    expect(asked).toBe(3);
    clock.advance(10);
    expect(await cache.getOrCompute('k', () => 7)).toBe(7);
    await cache.delete('k');
    await cache.getOrCompute('k', compute);
    await cache.set('k', 8);
    expect(await cache.getOrCompute('k', compute)).toBe(8);
  });

  contract.test('a failure is told to all who wait, and not remembered', async ({ app }) => {
    const cache = new Cache<number>(app, 'c', { ttlMs: 1000 });
    const down = new Error('down');
    const fail = () => Promise.reject(down);
    const asked = await Promise.allSettled([
      cache.getOrCompute('k', fail),
      cache.getOrCompute('k', fail),
    ]);
    expect(asked).toMatchObject([{ reason: down }, { reason: down }]);
    expect(await cache.getOrCompute('k', () => 1)).toBe(1);
    const thrown = cache.getOrCompute('other', () => {
      throw down;
    });
    await expect(thrown).rejects.toBe(down);
  });

  contract.test('each caller gets a value of its own, as its schema makes it', async ({ app }) => {
    const cache = new Cache(app, 'users', { ttlMs: 1000, schema: userSchema });
    const compute = () => ({ name: 'Ada' });
    const [a, b] = await Promise.all([
      cache.getOrCompute('k', compute),
      cache.getOrCompute('k', compute),
    ]);
    expect([a, b]).toEqual([
      { name: 'Ada', visits: 0 },
      { name: 'Ada', visits: 0 },
    ]);
    expect(a).not.toBe(b);
    const refused = { code: 'schema_mismatch' };
    const bad = () => ({ name: 'Ada', visits: -1 });
    await expect(cache.getOrCompute('bad', bad)).rejects.toMatchObject(refused);
    await expect(cache.set('bad', bad())).rejects.toMatchObject(refused);
    expect(await cache.get('bad')).toBe(undefined);
  });

  contract.test('bytes are as good as JSON', async ({ app }) => {
    const cache = new Cache<Uint8Array>(app, 'images', { ttlMs: 60_000 });
    const bytes = Uint8Array.of(1, 2, 255);
    expect(await cache.getOrCompute('k', () => bytes)).toEqual(bytes);
    expect(await cache.getOrCompute('k', () => Uint8Array.of())).toEqual(bytes);
  });

  contract.test('clear takes out everything, delete one key', async ({ app }) => {
    const cache = new Cache<number>(app, 'c', { ttlMs: 60_000 });
    const other = new Cache<number>(app, 'd', { ttlMs: 60_000 });
    for (const key of ['a', 'b', 'c']) await cache.set(key, 1);
    await other.set('a', 1);
    await cache.delete('a');
    expect([await cache.get('a'), await cache.get('b')]).toEqual([undefined, 1]);
    await cache.clear();
    expect([await cache.get('b'), await cache.get('c'), await other.get('a')]).toEqual([
      undefined,
      undefined,
      1,
    ]);
  });

  contract.test('options and names that make no sense are refused', async ({ app }) => {
    const invalid = expect.objectContaining({ code: 'invalid_argument' }) as Error;
    for (const ttlMs of [0, -1, 1.5, undefined, '7']) {
      expect(() => new Cache(app, 'c', { ttlMs: ttlMs as number })).toThrow(invalid);
    }
    expect(() => new Cache(app, 'c', { ttlMs: 1, staleMs: -1 })).toThrow(invalid);
    expect(() => new Cache(app, '$owners', { ttlMs: 1 })).toThrow(/\$/);
    expect(() => new Cache(app, '', { ttlMs: 1 })).toThrow(/name/);
  });
}
