/**
 * Recipes under attack from several processes on one file: paused, killed, all at once.
 *
 * What is checked is what is left behind (the log, a journal beside the store), not what the
 * processes believe.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import type { App, Change, Store } from '../../src/index.ts';
import { Cache, SessionStore } from '../../src/layers/recipes/index.ts';
import type { RateLimiterOptions, RateVerdict } from '../../src/layers/recipes/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { origin } from '../../src/ledger/index.ts';
import { start, together } from './recipes/processes.ts';
import { staleValue } from './recipes/worker.ts';

const processes = ['one', 'two', 'three', 'four'];
const callersEach = 16;

let folder = '';
let path = '';
let journal = '';
let store: Store;
let app: App;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-recipes-'));
  path = join(folder, 'store.db');
  journal = join(folder, 'journal.txt');
  writeFileSync(journal, '');
  store = await open(`file:${path}`, { busyTimeoutMs: 30_000 });
  app = store.app('recipes');
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function journalled(): string[] {
  return readFileSync(journal, 'utf8').split('\n').slice(0, -1);
}

function inAll<R extends Parameters<typeof start>[0]>(role: R, options: object) {
  return processes.map((name) =>
    start(role, path, { callers: callersEach, name, journal, ...options }),
  );
}

async function changesOf(scope: string): Promise<{ time: number; change: Change }[]> {
  const found: { time: number; change: Change }[] = [];
  for (let after = origin; ;) {
    const page = await app.ledger.log(after, { scope, limit: 10_000 });
    if (page.kind !== 'commits') throw new Error(page.kind);
    for (const { time, changes } of page.commits) {
      found.push(...changes.map((change) => ({ time, change })));
    }
    after = page.through;
    if (after.revision >= page.head.revision) return found;
  }
}

/** The most that was admitted in any span of `spanMs` that begins with an admission. */
function mostIn(admitted: readonly RateVerdict[], spanMs: number): number {
  const times = admitted.map(({ time }) => time).toSorted((a, b) => a - b);
  let from = 0;
  let most = 0;
  for (const [index, time] of times.entries()) {
    while ((times[from] ?? time) <= time - spanMs) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

describe('64 callers in 4 processes', () => {
  const whole = [
    { kind: 'fixed-window', limit: 100, windowMs: 600_000 },
    { kind: 'sliding-window', limit: 100, windowMs: 600_000 },
    { kind: 'token-bucket', capacity: 100, refillMs: 600_000 },
  ] as const satisfies readonly RateLimiterOptions[];

  test.each(whole)('$kind: a limiter never admits one too many', async (limit) => {
    const admitted = (await together(inAll('limiter', { limit, runMs: 800 }))).flat();
    expect(admitted).toHaveLength(100);
    const remaining = admitted.map((verdict) => verdict.remaining).toSorted((a, b) => a - b);
    expect(remaining).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  test('sliding-window: nor in any span of its length, while it slides', async () => {
    const limit = { kind: 'sliding-window', limit: 20, windowMs: 300, slots: 10 } as const;
    const admitted = (await together(inAll('limiter', { limit, runMs: 2000 }))).flat();
    expect(mostIn(admitted, 300)).toBeLessThanOrEqual(20);
    expect(admitted.length).toBeGreaterThan(40);
  });

  test('token-bucket: nor more than came back, while it refills', async () => {
    const limit = { kind: 'token-bucket', capacity: 10, refillMs: 20 } as const;
    const admitted = (await together(inAll('limiter', { limit, runMs: 2000 }))).flat();
    for (const spanMs of [20, 200, 1000]) {
      expect(mostIn(admitted, spanMs)).toBeLessThanOrEqual(10 + spanMs / 20);
    }
    expect(admitted.length).toBeGreaterThan(20);
  });

  test('a bounded counter sells each seat once', async () => {
    const sold = await together(inAll('seats', { keys: 150, runMs: 1000 }));
    expect(sold.reduce((sum, seats) => sum + seats, 0)).toBe(150);
    expect(await app.scope('seats').get('flight')).toBe(150);
  });

  test('a cache computes each value once', async () => {
    const asked = await together(inAll('cache', { keys: 4, workMs: 50, leaseMs: 10_000 }));
    const computed = journalled().map((line) => line.slice(0, 2));
    expect(computed).toHaveLength(4);
    expect(new Set(computed)).toEqual(new Set(['k0', 'k1', 'k2', 'k3']));
    for (let key = 0; key < 4; key += 1) {
      const values = asked.flatMap((values) => values.filter((_, caller) => caller % 4 === key));
      expect(new Set(values).size).toBe(1);
    }
  });

  test('a cache asks once whether there is nothing', async () => {
    const asked = await together(inAll('nothing', { keys: 4, workMs: 50, leaseMs: 10_000 }));
    expect(
      journalled()
        .map((line) => line.slice(0, 2))
        .sort(),
    ).toEqual(['k0', 'k1', 'k2', 'k3']);
    expect(asked.flat()).toEqual(Array.from({ length: 64 }, () => true));
  });

  test('a stale value is served while one of them computes it anew', async () => {
    const cache = new Cache<number>(app, 'attacked', { ttlMs: 1, staleMs: 600_000 });
    await cache.set('k', staleValue);
    // So that its time is over.
    await systemClock.sleep(10);
    const asked = (await together(inAll('stale', { workMs: 50, leaseMs: 10_000 }))).flat();
    expect(journalled()).toHaveLength(1);
    const anew = await cache.get('k');
    expect(anew).not.toBe(staleValue);
    expect(new Set([...asked, staleValue, anew])).toEqual(new Set([staleValue, anew]));
    expect(asked).toContain(staleValue);
  });

  test('of many rotations of a session one is given its id', async () => {
    const sessions = new SessionStore<{ user: string }>(app, 'attacked', { ttlMs: 600_000 });
    const session = await sessions.create({ user: 'ada' });
    const given = (await together(inAll('rotate', { session }))).flat();
    expect(given).toHaveLength(1);
    expect(await sessions.get(session)).toBeUndefined();
    expect(await sessions.get(given[0] ?? '')).toEqual({ user: 'ada' });
  });

  test('what is idempotent is done once, and answered alike', async () => {
    const outcomes = await together(inAll('once', { keys: 5, workMs: 20, leaseMs: 10_000 }));
    expect(new Set(outcomes.flat().map((outcome) => JSON.stringify(outcome))).size).toBe(5);
    expect(journalled()).toHaveLength(5);
    const effects = await app.scope<number>('effects').getMany(['k0', 'k1', 'k2', 'k3', 'k4']);
    expect(effects).toEqual([1, 1, 1, 1, 1]);
  });

  test('a lock has one holder at a time', async () => {
    const options = { callers: 4, runMs: 1500, workMs: 2, ttlMs: 10_000 };
    const reports = await together(inAll('lock', options));
    const done = reports.reduce((sum, report) => sum + report.done, 0);
    expect(reports.map(({ fenced }) => fenced)).toEqual([0, 0, 0, 0]);
    expect(await app.scope('guarded').get('sum')).toBe(done);
    expect(done).toBeGreaterThan(processes.length);
    await expectTokensInOrder();
  });
});

/** Nobody wrote with a smaller token after a greater one, nor two holders with one token. */
async function expectTokensInOrder(): Promise<void> {
  const written = await changesOf('guarded');
  const tokens = written
    .filter(({ change }) => change.key === 'token')
    .map(({ change }) => change.value?.decode() as number);
  expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
}

describe('a process that is paused', () => {
  test('and wakes up beside the next holder of its lock is fenced off', async () => {
    const ttlMs = 900;
    for (let round = 0; round < 3; round += 1) {
      const paused = start('holder', path, { ttlMs });
      await paused.ready;
      paused.child.send('start');
      await paused.said('holding');
      paused.child.kill('SIGSTOP');
      const next = start('holder', path, { ttlMs });
      await next.ready;
      next.child.send('start');
      // It gets the lock only once the paused one is taken for dead.
      await next.said('holding');
      const before = await app.scope<number>('guarded').get('sum', 0);
      paused.child.kill('SIGCONT');
      paused.child.send('write');
      expect(await paused.report).toEqual({ outcome: 'fenced' });
      expect(await app.scope<number>('guarded').get('sum', 0)).toBe(before);
      next.child.send('write');
      expect(await next.report).toEqual({ outcome: 'committed' });
      await Promise.all([paused.exited, next.exited]);
    }
    expect(await app.scope('guarded').get('sum')).toBe(3);
    await expectTokensInOrder();
  });

  test('while it computes is succeeded, and does not overwrite', async () => {
    const options = { callers: 1, keys: 1, leaseMs: 900, journal };
    const paused = start('cache', path, { ...options, name: 'paused', workMs: 300 });
    await paused.ready;
    paused.child.send('start');
    await paused.said('computing');
    paused.child.kill('SIGSTOP');
    const next = start('cache', path, { ...options, name: 'next', workMs: 10 });
    const [[computed] = []] = await together([next]);
    paused.child.kill('SIGCONT');
    const [handed] = await paused.report;
    await paused.exited;
    expect(computed).toBe(next.child.pid);
    expect(handed).toBe(next.child.pid);
    const kept = await app.ledger.read([{ scope: '$cache/attacked', key: 'v/k0' }]);
    expect(kept[0]?.value.decode()).toBe(next.child.pid);
    expect(journalled()).toEqual(['k0 paused', 'k0 next']);
  });
});

describe('a process that is killed', () => {
  test('while it works is succeeded; what it committed stays done once', async () => {
    const options = { callers: 1, keys: 1, leaseMs: 900, journal };
    const killed = start('once', path, { ...options, name: 'killed', workMs: 60_000 });
    await killed.ready;
    killed.child.send('start');
    await killed.said('working');
    killed.child.kill('SIGKILL');
    await killed.exited;
    const next = start('once', path, { ...options, name: 'next', workMs: 1 });
    const [outcomes] = await together([next]);
    expect(outcomes).toEqual([['k0', killed.child.pid, next.child.pid]]);
    expect(journalled()).toEqual(['k0 killed', 'k0 next']);
    expect(await app.scope('effects').get('k0')).toBe(1);
  });

  test('while it holds a lock holds the others up for its time only', async () => {
    const killed = start('holder', path, { ttlMs: 900 });
    await killed.ready;
    killed.child.send('start');
    await killed.said('holding');
    killed.child.kill('SIGKILL');
    await killed.exited;
    const next = start('holder', path, { ttlMs: 900 });
    await next.ready;
    next.child.send('start');
    await next.said('holding');
    next.child.send('write');
    expect(await next.report).toEqual({ outcome: 'committed' });
    await next.exited;
  });
});

test('a cached scope hands out nothing older than it may, while others write', async () => {
  const maxStaleMs = 40;
  const scope = app.scope<number>('written');
  await scope.set('n', 0);
  const readers = processes.map(() => start('reader', path, { runMs: 1500, maxStaleMs }));
  const reading = together(readers);
  const state = { done: false };
  void reading.finally(() => {
    state.done = true;
  });
  const acknowledged: { readonly value: number; readonly at: number }[] = [];
  for (let value = 1; !state.done; value += 1) {
    await scope.set('n', value);
    acknowledged.push({ value, at: systemClock.now() });
  }
  const seen = (await reading).flat();
  for (const { askedAt, value } of seen) {
    const newest = acknowledged.findLast(({ at }) => at < askedAt - maxStaleMs);
    expect(value).toBeGreaterThanOrEqual(newest?.value ?? 0);
  }
  expect(new Set(seen.map(({ value }) => value)).size).toBeGreaterThan(10);
});
