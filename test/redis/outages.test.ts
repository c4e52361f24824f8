/** Servers that die, hang, fill up, or should never have been a store's. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { isHoldfastError } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers, origin } from '../../src/ledger/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { Account, scope } from '../faults/account.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { hasRedis, RedisCluster, RedisPair, RedisServer } from '../servers/redis.ts';
import { openEngine } from './stores.ts';

const kills = runCount(6, 0.1);
const writers = 6;

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: unknown) => (isHoldfastError(error) ? error.code : String(error)),
  );
}

/** Watches until revision `last`; whenever an outage ends the watch, goes on from where it was. */
async function watchThrough(ledger: Ledger, heard: number[], last: number): Promise<void> {
  for (let after = origin; after.revision < last;) {
    try {
      for await (const page of ledger.watch({ after })) {
        if (page.kind !== 'commits') throw new Error(page.kind);
        after = page.through;
        heard.push(...page.commits.map(({ position }) => position.revision));
        if (after.revision >= last) break;
      }
    } catch (error) {
      if (!isHoldfastError(error, 'unavailable')) throw error;
      await sleep(20);
    }
  }
}

/** Waits until a call gets through again. */
async function healed(ledger: Ledger): Promise<void> {
  while ((await codeOf(ledger.head())) !== 'none') await sleep(20);
}

describe.skipIf(!hasRedis())('a server', () => {
  test('that is killed and started again keeps what it acknowledged', async () => {
    await using redis = await RedisServer.start();
    const random = seededRandom(runSeed);
    const open = async () =>
      openLedgers(await openEngine(redis.url('?timeoutMs=1000')), { sweepMs: 0 });
    const stores = [await open(), await open()];
    const account = new Account();
    const over = new AbortController();
    const writing = Array.from({ length: writers }, async (_, index) => {
      const ledger = stores[index % 2]!.ledger('app');
      while (!over.signal.aborted) await account.write(ledger, `writer-${index}`);
    });
    for (let kill = 0; kill < kills; kill += 1) {
      const target = account.acknowledged.size + 20 + Math.floor(random.float() * 200);
      while (account.acknowledged.size < target) await sleep(1);
      if (kill % 3 === 2) {
        redis.server.pause();
        await sleep(300 * random.float());
      }
      await redis.server.kill();
      await redis.server.restart();
    }
    over.abort();
    await Promise.all(writing);
    await account.verify(stores[0]!.ledger('app'));
    expect(account.codes.filter((code) => code !== 'unavailable')).toEqual([]);
    expect([...account.unknown]).toEqual([]);
    for (const store of stores) await store.close();
  });

  test('of a cluster that is killed and started again keeps what it acknowledged', async () => {
    await using cluster = await RedisCluster.start();
    const open = async () =>
      openLedgers(await openEngine(cluster.url('?timeoutMs=2000')), { sweepMs: 0 });
    const stores = [await open(), await open()];
    const apps = ['one', 'two', 'three', 'four'];
    const accounts = apps.map(() => new Account());
    const over = new AbortController();
    const writing = apps.flatMap((app, place) =>
      stores.map(async (store, index) => {
        const ledger = store.ledger(app);
        while (!over.signal.aborted) await accounts[place]!.write(ledger, `writer-${index}`);
      }),
    );
    for (let kill = 0; kill < runCount(3, 0.1); kill += 1) {
      const before = accounts.map(({ acknowledged }) => acknowledged.size);
      while (accounts.some(({ acknowledged }, place) => acknowledged.size < before[place]! + 10)) {
        await sleep(5);
      }
      const { server } = cluster.nodes[kill % cluster.nodes.length]!;
      await server.kill();
      await server.restart();
    }
    over.abort();
    await Promise.all(writing);
    await healed(stores[0]!.ledger('one'));
    for (const [place, app] of apps.entries()) {
      await accounts[place]!.verify(stores[0]!.ledger(app));
      // Who lost a race and then waited for a node that was away may have had no time to repeat.
      const known = ['unavailable', 'contended'];
      expect(accounts[place]!.codes.filter((code) => !known.includes(code))).toEqual([]);
      expect([...accounts[place]!.unknown]).toEqual([]);
    }
    for (const store of stores) await store.close();
  });

  test('that hangs is told within the configured time, and is no "missing"', async () => {
    await using redis = await RedisServer.start();
    const engine = await openEngine(redis.url('?timeoutMs=300'));
    const store = openLedgers(engine, { sweepMs: 0, resolveTimeoutMs: 300 });
    const ledger = store.ledger('app');
    const set = { kind: 'set', scope, key: 'k', value: 1 } as const;
    await ledger.commit({ mutations: [set] });
    redis.server.pause();
    // It is sent at once, upon what the last commit left: the server may apply it when it goes on.
    expect(await codeOf(ledger.commit({ mutations: [set] }))).toBe('outcome_unknown');
    expect(await codeOf(ledger.read([{ scope, key: 'k' }]))).toBe('unavailable');
    expect(await codeOf(ledger.scan({ scope }))).toBe('unavailable');
    redis.server.resume();
    await healed(ledger);
    expect((await ledger.read([{ scope, key: 'k' }]))[0]?.value.decode()).toBe(1);
    await ledger.commit({ mutations: [{ ...set, value: 2 }] });
    await store.close();
  });

  test('that is away fails calls, and serves them again once it is back', async () => {
    await using redis = await RedisServer.start();
    const engine = await openEngine(redis.url('?timeoutMs=300'));
    const store = openLedgers(engine, { sweepMs: 0 });
    const ledger = store.ledger('app');
    const heard: number[] = [];
    const watching = watchThrough(ledger, heard, 2);
    await ledger.commit({ mutations: [{ kind: 'set', scope, key: 'k', value: 1 }] });
    await redis.server.kill();
    expect(await codeOf(ledger.read([{ scope, key: 'k' }]))).toBe('unavailable');
    expect(await codeOf(engine.members())).toBe('unavailable');
    expect(await codeOf(engine.ledgers())).toBe('unavailable');
    await redis.server.restart();
    await healed(ledger);
    await ledger.commit({ mutations: [{ kind: 'set', scope, key: 'k', value: 2 }] });
    expect((await ledger.read([{ scope, key: 'k' }]))[0]?.version).toBe(2);
    await watching;
    expect(heard).toEqual([1, 2]);
    await store.close();
  });

  test('whose memory is full refuses writes, serves reads, and goes on with more', async () => {
    await using redis = await RedisServer.start();
    const store = openLedgers(await openEngine(redis.url()), { sweepMs: 0 });
    const ledger = store.ledger('app');
    const value = 'x'.repeat(100_000);
    await ledger.commit({ mutations: [{ kind: 'set', scope, key: 'first', value }] });
    await redis.command('CONFIG', 'SET', 'maxmemory', '3mb');
    let code = 'none';
    for (let index = 0; code === 'none'; index += 1) {
      const set = { kind: 'set', scope, key: `k${index}`, value } as const;
      code = await codeOf(ledger.commit({ mutations: [set] }));
    }
    expect(code).toBe('disk_full');
    expect((await ledger.read([{ scope, key: 'first' }]))[0]?.version).toBe(1);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    const answer = await ledger.commit({
      mutations: [{ kind: 'set', scope, key: 'last', value }],
    });
    expect(answer.kind).toBe('committed');
    const { head } = await openEngine(redis.url()).then(async (engine) => {
      const read = await engine.read('app', []);
      const { entries } = await engine.scan('app', {
        scope,
        reverse: false,
        limit: 1000,
        keysOnly: true,
      });
      expect(read.head.entries).toBe(entries.length);
      await engine.close();
      return read;
    });
    expect(head.revision).toBe(answer.position.revision);
    await store.close();
  });
});

describe.skipIf(!hasRedis())('open refuses', () => {
  test('a server that may evict entries, with the reason', async () => {
    await using redis = await RedisServer.start({
      settings: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' },
    });
    const error: unknown = await openEngine(redis.url()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unsupported' });
    expect(String(error)).toMatch(/allkeys-lru.*noeviction/);
  });

  test('a replica, with the reason', async () => {
    await using pair = await RedisPair.start();
    const error: unknown = await openEngine(pair.replica.url()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unsupported' });
    expect(String(error)).toMatch(/replica/);
  });

  test('a server that is not there, within the configured time', async () => {
    expect(await codeOf(openEngine('redis://127.0.0.1:1?timeoutMs=200'))).toBe('unavailable');
  });

  test('a wrong password, and takes the right one', async () => {
    await using redis = await RedisServer.start();
    await redis.command('CONFIG', 'SET', 'requirepass', 's3cret');
    const at = (login: string) => `redis://${login}127.0.0.1:${redis.port}?timeoutMs=1000`;
    for (const login of ['', ':wrong@']) {
      const error: unknown = await openEngine(at(login)).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'store_read_only' });
      expect(String(error)).not.toContain('wrong@');
    }
    const engine = await openEngine(at(':s3cret@'));
    expect(await engine.ledgers()).toEqual([]);
    await engine.close();
  });

  test('what somebody else keeps under its name, and a newer store', async () => {
    await using redis = await RedisServer.start();
    await redis.command('SET', '{theirs}:store', 'x');
    expect(await codeOf(openEngine(redis.url('?prefix=theirs')))).toBe('store_foreign');
    await redis.command('HSET', '{newer}:store', 'format', '99');
    expect(await codeOf(openEngine(redis.url('?prefix=newer')))).toBe('store_newer');
    expect(await codeOf(openEngine(redis.url('?prefix=none'), { mustExist: true }))).toBe(
      'store_missing',
    );
  });

  test.each([
    'redis://',
    'redis://a:1,b:2',
    'redis+cluster://a:1/3',
    'redis://a:99999',
    'redis://a?colour=red',
    'redis://a?wait=some',
    'redis://a?prefix={x}',
  ])('%s', async (url) => {
    expect(await codeOf(openEngine(url))).toBe('invalid_argument');
  });
});

describe.skipIf(!hasRedis())('durability is what the server says', () => {
  const cases = [
    [{ appendonly: 'no' }, 'none', ''],
    [{ appendfsync: 'everysec' }, 'process', ''],
    [{ appendfsync: 'always' }, 'disk', ''],
    [{ appendfsync: 'always', 'no-appendfsync-on-rewrite': 'yes' }, 'process', ''],
  ] as const;
  test.each(cases)('%o: %s', async (settings, durability, query) => {
    await using redis = await RedisServer.start({ settings });
    const engine = await openEngine(redis.url(query));
    expect(engine.durability).toBe(durability);
    const store = openLedgers(engine, { sweepMs: 0 });
    const set = { kind: 'set', scope, key: 'k', value: 1 } as const;
    const answer = await store.ledger('app').commit({ mutations: [set] });
    const given = { none: 'none', process: 'relaxed', disk: 'sync' }[durability];
    expect(answer).toMatchObject({ kind: 'committed', durability: given });
    expect(await engine.stats()).toMatchObject({
      durability,
      facts: { promise: expect.any(String) as string },
    });
    await engine.close();
  });

  test('with replicas that are waited for: replicated', async () => {
    await using pair = await RedisPair.start();
    const engine = await openEngine(pair.primary.url('?wait=1&waitMs=5000'));
    const store = openLedgers(engine, { sweepMs: 0, resolveTimeoutMs: 500 });
    expect(engine.durability).toBe('replicated');
    const set = { kind: 'set', scope, key: 'k', value: 1 } as const;
    expect((await store.ledger('app').commit({ mutations: [set] })).kind).toBe('committed');
    expect(await pair.replica.command('HGET', 'holdfast:{app}:head', 'revision')).toBe('1');
    await store.close();
  });

  test('a commit that too few replicas have is not acknowledged', async () => {
    await using pair = await RedisPair.start();
    const engine = await openEngine(pair.primary.url('?wait=1&waitMs=100'));
    const store = openLedgers(engine, { sweepMs: 0, resolveTimeoutMs: 400 });
    pair.replica.server.pause();
    const set = { kind: 'set', scope, key: 'k', value: 1 } as const;
    expect(await codeOf(store.ledger('app').commit({ mutations: [set] }))).toBe('outcome_unknown');
    pair.replica.server.resume();
    await pair.linked();
    // A replica that is linked again may yet take a moment to say what it has.
    await vi.waitFor(
      async () => {
        const again = await store.ledger('app').commit({ mutations: [{ ...set, value: 2 }] });
        expect(again.kind).toBe('committed');
      },
      { timeout: 20_000 },
    );
    await store.close();
  });
});
