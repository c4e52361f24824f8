/** One computation for a key, whichever processes ask; and what becomes of one that is lost. */
import { expect, vi } from 'vitest';
import { Cache } from '../../layers/recipes/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { computation, passing, patience, turns } from './computations.ts';

export function computationContract(contract: LayerContract): void {
  contract.test('many callers in two processes make one computation', async (world) => {
    const options = { ttlMs: 60_000 };
    const caches = [world.app, await world.another()].map((app) => {
      return new Cache<number>(app, 'c', options);
    });
    let computed = 0;
    const compute = async () => {
      computed += 1;
      await turns(3);
      return computed;
    };
    const asked = caches.flatMap((cache) =>
      Array.from({ length: 20 }, () => cache.getOrCompute('k', compute)),
    );
    expect(new Set(await Promise.all(asked))).toEqual(new Set([1]));
    expect(computed).toBe(1);
  });

  contract.test('a slow computation is waited for by the other process', async (world) => {
    const [a, b] = [world.app, await world.another()].map((app) => {
      return new Cache<number>(app, 'c', { ttlMs: 60_000 });
    }) as [Cache<number>, Cache<number>];
    const slow = computation<number>();
    const first = a.getOrCompute('k', slow.compute);
    await slow.started;
    const second = b.getOrCompute('k', () => 2);
    await turns();
    slow.finish(1);
    expect(await Promise.all([first, second])).toEqual([1, 1]);
  });

  contract.test('a value that was written or removed is not overwritten', async (world) => {
    const [a, b] = [world.app, await world.another()].map((app) => {
      return new Cache<string>(app, 'c', { ttlMs: 60_000 });
    }) as [Cache<string>, Cache<string>];
    const late = computation<string>();
    const asked = a.getOrCompute('k', late.compute);
    await late.started;
    await b.set('k', 'written');
    late.finish('late');
    expect(await asked).toBe('written');
    expect(await a.get('k')).toBe('written');
    await a.delete('k');
    const later = computation<string>();
    const again = a.getOrCompute('k', later.compute);
    await later.started;
    await a.delete('k');
    expect(await a.getOrCompute('k', () => 'after')).toBe('after');
    later.finish('before');
    expect(await again).toBe('after');
    expect(await b.get('k')).toBe('after');
  });

  contract.timed('a process that died is out of the way after its lease', async (world, clock) => {
    const { ledger, app } = world;
    const claim = { scope: '$cache/c', key: 'c/k', value: 'dead', ttlMs: 5000 };
    await ledger.commit({ mutations: [{ kind: 'set', ...claim }] });
    const cache = new Cache<number>(app, 'c', { ttlMs: 60_000, leaseMs: 5000 });
    let computed = 0;
    const asked = cache.getOrCompute('k', () => (computed += 1));
    await turns();
    await clock.pass(4000);
    expect(computed).toBe(0);
    expect(await passing(asked, clock)).toBe(1);
  });

  contract.timed('a computation may take longer than its lease', async (world, clock) => {
    const [a, b] = [world.app, await world.another()].map((app) => {
      return new Cache<number>(app, 'c', { ttlMs: 60_000, leaseMs: 3000 });
    }) as [Cache<number>, Cache<number>];
    const slow = computation<number>();
    const first = a.getOrCompute('k', slow.compute);
    await slow.started;
    let others = 0;
    const second = b.getOrCompute('k', () => (others += 1));
    await turns();
    for (let step = 0; step < 10; step += 1) {
      await clock.pass(1000);
      await vi.waitFor(async () => {
        // An answer that came late set its next timer late: it needs some time more.
        await clock.pass(10);
        const [claim] = await world.ledger.read([{ scope: '$cache/c', key: 'c/k' }]);
        expect(claim?.expiresAt).toBeGreaterThan(clock.now() + 2000);
      }, patience);
    }
    expect(slow.signal()?.aborted).toBe(false);
    slow.finish(7);
    expect(await passing(Promise.all([first, second]), clock)).toEqual([7, 7]);
    expect(others).toBe(0);
  });

  contract.timed('a process that was paused is told, and does not overwrite', async (w, clock) => {
    const { ledger, app } = w;
    const cache = new Cache<string>(app, 'c', { ttlMs: 60_000, leaseMs: 3000 });
    const paused = computation<string>();
    const asked = cache.getOrCompute('k', paused.compute);
    await paused.started;
    const other = { scope: '$cache/c', key: 'c/k', value: 'other', ttlMs: 60_000 };
    await ledger.commit({ mutations: [{ kind: 'set', ...other }] });
    await clock.pass(1000);
    await vi.waitFor(async () => {
      await clock.pass(10);
      expect(paused.signal()?.aborted).toBe(true);
    }, patience);
    paused.finish('old');
    expect(await asked).toBe('old');
    expect(await cache.get('k')).toBe(undefined);
  });
}
