/** A replica takes over under load, a little behind: what it did not get is regressed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import { failOver } from '../faults/failovers.ts';
import { Proxy } from '../faults/proxy.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { hasRedis, RedisPair } from '../servers/redis.ts';
import { openEngine } from './stores.ts';

const times = runCount(3, 0.1);

describe.skipIf(!hasRedis())('failover of Redis', () => {
  test(`to a replica that is behind, ${times} times (seed ${runSeed})`, async () => {
    await using pair = await RedisPair.start();
    await using proxy = await Proxy.start(pair.primary.port, seededRandom(runSeed));
    const url = `redis://127.0.0.1:${proxy.port}?timeoutMs=1000`;
    let [leader, follower] = [pair.primary, pair.replica];
    const followed = {
      cutOff: async () => void (await follower.command('REPLICAOF', 'NO', 'ONE')),
      takeOver: async () => {
        await leader.server.kill();
        proxy.lead(follower.port);
      },
      follow: async () => {
        [leader, follower] = [follower, leader];
        await follower.server.restart();
        await follower.command('REPLICAOF', '127.0.0.1', `${leader.port}`);
        const info = () => follower.command('INFO', 'replication');
        while (!/master_link_status:up/.test(String(await info()))) await sleep(5);
      },
    };
    const random = seededRandom(runSeed + 1);
    const codes = await failOver(followed, () => openEngine(url), { times, random });
    expect([...codes].filter((code) => !['regressed', 'unavailable'].includes(code))).toEqual([]);
  });
});
