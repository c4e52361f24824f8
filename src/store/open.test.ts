import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openMemoryEngine } from '../engine/memory/index.ts';
import { registerEngine } from '../index.ts';
import { ManualClock } from '../testing/index.ts';
import { nearestName } from '../internal/nearest-name.ts';
import { open } from './open.ts';
import type { OpenOptions } from './options.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-open-'));
afterAll(() => rmSync(folder, { recursive: true }));

function wrong(options: Record<string, unknown>): Promise<unknown> {
  return open('memory:', options as OpenOptions);
}

describe('open', () => {
  test('a file keeps what was written, for the next who opens it', async () => {
    const url = `file:${join(folder, 'kept.db')}`;
    {
      await using store = await open(url);
      await store.app('shop').scope('users').set('ada', { n: 1 });
      await store.app('shop').list('log').append('a', 'b');
      await store.app('shop').with({ durability: 'relaxed' }).scope('users').set('bob', 2);
    }
    await using again = await open({ url, mustExist: true });
    const shop = again.app('shop');
    expect(await shop.scope('users').getMany(['ada', 'bob'])).toEqual([{ n: 1 }, 2]);
    expect(await shop.list('log').append('c')).toMatchObject({ from: 2 });
    expect(await again.apps()).toEqual(['shop']);
    expect(await again.stats()).toMatchObject({ scheme: 'file', durability: 'disk' });
  });

  test('apps see nothing of each other', async () => {
    await using store = await open('memory:');
    await store.app('a').scope('s').set('k', 1);
    await store.app('b').list('s').append('x');
    expect(await store.app('b').scope('s').has('k')).toBe(false);
    expect(await store.app('a').list('s').length()).toBe(0);
    expect(await store.scope('s').count()).toBe(0);
    expect(await store.apps()).toEqual(['a', 'b']);
    expect(() => store.app('no/slash')).toThrow(/app/);
  });

  test('an option that does not exist is refused with the one that was meant', async () => {
    await expect(wrong({ cacheByte: 1 })).rejects.toThrow(
      `there is no option 'cacheByte'; did you mean 'cacheBytes'?`,
    );
    await expect(wrong({ FlushMs: 1 })).rejects.toThrow(`did you mean 'flushMs'?`);
    await expect(wrong({ retention: { day: 1 } })).rejects.toThrow(/'retention\.day'; known: ms, /);
    await expect(wrong({ apps: { shop: { qouta: {} } } })).rejects.toThrow(
      `there is no option 'apps.shop.qouta'; did you mean 'quota'?`,
    );
    await expect(wrong({ toString: 1 })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test.each([
    { cacheBytes: -1 },
    { flushMs: 0.5 },
    { maxValueBytes: 2 ** 40 },
    { maxValueBytes: 0 },
    { durability: 'strong' },
    { quota: 7 },
    { quota: { entries: '7' } },
    { scopes: { s: null } },
    { scopes: { s: { ttlMs: 0 } } },
    { scopes: { s: { check: 'no' } } },
    { mustExist: 'yes' },
    { onQuotaWarning: true },
    { clock: 1 },
  ])('a value that makes no sense is refused: %o', async (options) => {
    await expect(wrong(options)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('options that are undefined are as if left out', async () => {
    const retention = { ms: undefined, bytes: 10 };
    await using store = await open('memory:', { cacheBytes: undefined, retention });
    await store.scope('s').set('a', 1);
    expect(await store.scope('s').get('a')).toBe(1);
  });

  test('an engine that is weaker than demanded is refused', async () => {
    await expect(open('memory:', { durability: 'process' })).rejects.toMatchObject({
      code: 'durability_unavailable',
      details: { demanded: 'process', given: 'none' },
    });
    const url = `file:${join(folder, 'strong.db')}`;
    await using store = await open(url, { durability: 'disk' });
    await store.scope('s').set('a', 1);
    await expect(open(url, { durability: 'replicated' })).rejects.toThrow(/'disk'/);
  });

  test('schemes are known, or registered', async () => {
    await expect(open('etcd://x')).rejects.toThrow(/known: .*file: .*memory:/);
    await expect(open({} as never)).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(
      open(`file:${join(folder, 'none.db')}`, { mustExist: true }),
    ).rejects.toMatchObject({ code: 'store_missing' });
    registerEngine('mine', (url, options) => {
      return openMemoryEngine(url.replace('mine:', 'memory:'), options);
    });
    await using store = await open('mine:');
    await store.scope('s').set('a', 1);
    expect(await store.scope('s').get('a')).toBe(1);
  });

  test('quotas hold, and warn before they do', async () => {
    const onQuotaWarning = vi.fn();
    await using store = await open('memory:', {
      quota: { entries: 5 },
      apps: { large: {}, tiny: { scopes: { s: { quota: { entries: 1 } } } } },
      onQuotaWarning,
    });
    const numbers = [1, 2, 3, 4, 5, 6].map((n) => [`k${n}`, n] as const);
    await store.scope('s').setMany(numbers.slice(0, 4));
    expect(onQuotaWarning).toHaveBeenCalledWith({
      app: 'default',
      unit: 'entries',
      used: 4,
      limit: 5,
    });
    const refused = { code: 'quota_exceeded' };
    await expect(store.scope('s').setMany(numbers)).rejects.toMatchObject(refused);
    await store.app('large').scope('s').setMany(numbers);
    await expect(store.app('tiny').scope('s').setMany(numbers)).rejects.toMatchObject(refused);
  });

  test('the log is kept as long as was asked', async () => {
    const clock = new ManualClock();
    await using store = await open('memory:', { clock, retention: { ms: 1000 } });
    const { ledger } = store.app('a');
    await store.app('a').scope('s').set('a', 1);
    await clock.pass(60_000);
    await store.app('a').scope('s').set('a', 2);
    await vi.waitFor(
      async () => {
        await clock.pass(1000);
        expect((await ledger.head()).trimmed).toBeGreaterThan(0);
      },
      { timeout: 20_000 },
    );
  });

  test('after close every call says so', async () => {
    const store = await open('memory:');
    const scope = store.scope<number>('s');
    const pending = scope.set('a', 1);
    await Promise.all([store.close(), store.close()]);
    await pending;
    const closed = { code: 'closed' };
    await expect(scope.get('a')).rejects.toMatchObject(closed);
    await expect(scope.set('a', 1)).rejects.toMatchObject(closed);
    expect(() => store.app('b')).toThrow(/closed/);
  });
});

describe('nearestName', () => {
  test('finds what was mistyped, and nothing where nothing is near', () => {
    expect(nearestName('rentention', ['retention', 'quota'])).toBe('retention');
    expect(nearestName('ttl', ['flushMs', 'quota'])).toBe(undefined);
  });
});
