/** What a cached scope may hand out, and when it must ask again. */
import { expect, vi } from 'vitest';
import { CachedScope } from '../../layers/recipes/index.ts';
import type { CachedScopeOptions } from '../../layers/recipes/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import { App } from '../../store/index.ts';
import { testParts } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';
import { ManualClock } from '../manual-clock.ts';
import { patience, turns } from './computations.ts';

/** The same ledger, which counts what is read and may leave its watchers in the dark. */
function observed(ledger: Ledger, isDeaf = false) {
  const reads: string[] = [];
  const seen = new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      const member = target[name];
      if (name === 'watch' && isDeaf) return () => silence();
      if (typeof member !== 'function') return member;
      if (name !== 'read') return member.bind(target);
      return (refs: Parameters<Ledger['read']>[0]) => {
        reads.push(...refs.map(({ key }) => key));
        return target.read(refs);
      };
    },
  });
  return { ledger: seen, reads };
}

async function* silence(): AsyncGenerator<never> {
  yield await new Promise<never>(() => undefined);
}

function cachedOf(ledger: Ledger, options: CachedScopeOptions, parts = testParts()) {
  const app = App.over(ledger, parts);
  return new CachedScope(app, app.scope<number>('s'), options);
}

/** Waits until reads of `keys` are answered without asking: the watch has begun. */
async function warmed(
  cached: CachedScope<number>,
  { reads }: { readonly reads: string[] },
  ...keys: readonly string[]
): Promise<void> {
  await vi.waitFor(async () => {
    await cached.getMany(keys);
    reads.length = 0;
    await cached.getMany(keys);
    expect(reads).toEqual([]);
  }, patience);
}

export function cachedScopeContract(contract: LayerContract): void {
  contract.test('a value is read once, and so is that there is none', async (world) => {
    const seen = observed(world.ledger);
    await world.app.scope('s').set('a', 1);
    using cached = cachedOf(seen.ledger, { maxStaleMs: 60_000 });
    await warmed(cached, seen, 'a', 'none');
    for (let n = 0; n < 5; n += 1) {
      expect(await cached.getMany(['a', 'none', 'a'])).toEqual([1, undefined, 1]);
    }
    expect(seen.reads).toEqual([]);
  });

  contract.test('a change by another process is seen soon', async (world) => {
    using cached = cachedOf(world.ledger, { maxStaleMs: 60_000 });
    const other = (await world.another()).scope<number>('s');
    expect(await cached.get('a')).toBe(undefined);
    for (const value of [1, 2, 3]) {
      await other.set('a', value);
      await vi.waitFor(async () => expect(await cached.get('a')).toBe(value), patience);
    }
    await other.delete('a');
    await vi.waitFor(async () => expect(await cached.get('a')).toBe(undefined), patience);
  });

  contract.test('what was written through it is read back', async (world) => {
    using cached = cachedOf(world.ledger, { maxStaleMs: 60_000 });
    for (let n = 0; n < 20; n += 1) {
      await cached.set('a', n);
      expect(await cached.get('a')).toBe(n);
      await cached.update('a', (value = 0) => value + 100);
      expect(await cached.get('a')).toBe(n + 100);
      await cached.delete('a');
      expect(await cached.get('a')).toBe(undefined);
    }
  });

  contract.test('nothing older than maxStaleMs is handed out, watch or not', async (world) => {
    const seen = observed(world.ledger, true);
    const clock = new ManualClock();
    using cached = cachedOf(seen.ledger, { maxStaleMs: 1000 }, { ...testParts(), clock });
    const scope = world.app.scope<number>('s');
    await scope.set('a', 1);
    await warmed(cached, seen, 'a');
    expect(await cached.get('a')).toBe(1);
    await scope.set('a', 2);
    clock.advance(1000);
    expect(await cached.get('a')).toBe(1);
    clock.advance(1);
    expect(await cached.get('a')).toBe(2);
    await scope.set('a', 3);
    // The machine slept: only the wall clock tells.
    clock.set(clock.now() + 3_600_000);
    expect(await cached.get('a')).toBe(3);
  });

  contract.test('a read that a change overtook is not kept', async (world) => {
    const gate = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const seen = observed(world.ledger);
    let isSlow = false;
    const slow = new Proxy(seen.ledger, {
      get(target, name: keyof Ledger) {
        if (name !== 'read' || !isSlow) return target[name];
        return async (refs: Parameters<Ledger['read']>[0]) => {
          const entries = await target.read(refs);
          held.resolve();
          await gate.promise;
          return entries;
        };
      },
    });
    using cached = cachedOf(slow, { maxStaleMs: 60_000 });
    const scope = world.app.scope<number>('s');
    await scope.set('a', 1);
    await turns();
    isSlow = true;
    const late = cached.get('a');
    await held.promise;
    await scope.set('a', 2);
    await vi.waitFor(async () => {
      // Another key shows that the watch has come past that change.
      isSlow = false;
      await scope.set('b', (await scope.get('b', 0)) + 1);
      await turns();
      expect(await cached.get('b')).toBe(await scope.get('b'));
    }, patience);
    gate.resolve();
    expect(await late).toBe(1);
    expect(await cached.get('a')).toBe(2);
  });

  contract.test('memory is bounded, by entries and by bytes', async (world) => {
    const seen = observed(world.ledger);
    using few = cachedOf(seen.ledger, { maxStaleMs: 60_000, maxEntries: 2 });
    await few.get('a');
    await warmed(few, seen, 'b', 'c');
    await few.get('a');
    expect(seen.reads).toEqual(['a']);
    using small = cachedOf(seen.ledger, { maxStaleMs: 60_000, maxBytes: 3 });
    await warmed(small, seen, 'abc');
    await small.get('abcd');
    seen.reads.length = 0;
    await small.get('abcd');
    expect(seen.reads).toEqual(['abcd']);
  });

  contract.test('once closed it asks each time', async (world) => {
    const { ledger, reads } = observed(world.ledger);
    const cached = cachedOf(ledger, { maxStaleMs: 60_000 });
    await cached.get('a');
    cached.close();
    reads.length = 0;
    await cached.get('a');
    await cached.get('a');
    expect(reads).toEqual(['a', 'a']);
  });

  contract.test('a scope of another app is refused', async (world) => {
    const other = App.over(observed(world.ledger).ledger, testParts());
    const make = () => new CachedScope(world.app, other.scope('s'), { maxStaleMs: 1 });
    expect(make).toThrow(/belongs to app/);
  });
}
