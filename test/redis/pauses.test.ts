/** Servers that are stopped where they are for a while, under load: what was told is true. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import { Account } from '../faults/account.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { hasRedis, RedisCluster, RedisServer } from '../servers/redis.ts';
import { openEngine } from './stores.ts';

const pauses = runCount(4, 0.1);
const writers = 6;
/** Longer than a call waits for its answer. */
const pauseMs = 1500;
const apps = ['one', 'two', 'three', 'four'];

/** Writers on two handles go on while the servers are stopped in turn. */
async function throughPauses(url: string, servers: readonly RedisServer[]): Promise<void> {
  const random = seededRandom(runSeed);
  const open = async () =>
    openLedgers(await openEngine(url), { sweepMs: 0, resolveTimeoutMs: 60_000 });
  const stores = [await open(), await open()];
  const accounts = apps.map(() => new Account());
  const over = new AbortController();
  const writing = accounts.flatMap((account, place) =>
    Array.from({ length: writers }, async (_, index) => {
      const ledger = stores[index % 2]!.ledger(apps[place]!);
      while (!over.signal.aborted) {
        const failures = account.refused.size;
        await account.write(ledger, `writer-${index}`);
        if (account.refused.size > failures) await sleep(20);
      }
    }),
  );
  const goOn = async (): Promise<void> => {
    const goals = accounts.map(({ acknowledged }) => acknowledged.size + 10);
    const deadline = performance.now() + 60_000;
    while (accounts.some(({ acknowledged }, place) => acknowledged.size < goals[place]!)) {
      if (performance.now() > deadline) throw new Error('writing does not go on');
      await sleep(5);
    }
  };
  try {
    for (let pause = 0; pause < pauses; pause += 1) {
      await goOn();
      await sleep(random.float() * 30);
      const { server } = servers[Math.floor(random.float() * servers.length)]!;
      server.pause();
      await sleep(random.float() * pauseMs);
      server.resume();
    }
    await goOn();
  } finally {
    over.abort();
    await Promise.all(writing);
  }
  for (const [place, account] of accounts.entries()) {
    await account.verify(stores[0]!.ledger(apps[place]!));
    const known = ['unavailable', 'contended'];
    expect(account.codes.filter((code) => !known.includes(code))).toEqual([]);
    expect([...account.unknown]).toEqual([]);
  }
  for (const store of stores) await store.close();
}

describe.skipIf(!hasRedis())(`stopped ${pauses} times (seed ${runSeed})`, () => {
  test('a server', async () => {
    await using redis = await RedisServer.start();
    await throughPauses(redis.url('?timeoutMs=700'), [redis]);
  });

  test('the nodes of a cluster', async () => {
    await using cluster = await RedisCluster.start();
    await throughPauses(cluster.url('?timeoutMs=700'), cluster.nodes);
  });
});
