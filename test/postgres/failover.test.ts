/** A standby takes over, a little behind: what it did not get is regressed. */
import { expect, inject, test } from 'vitest';
import { open as openStore } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { failOver } from '../faults/failovers.ts';
import { Proxy } from '../faults/proxy.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { PostgresServer, sql } from '../servers/postgres.ts';
import { withServer } from '../servers/provided.ts';
import { open } from './stores.ts';

const times = runCount(2, 0.1);

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'fulfilled',
    (error: unknown) => (error as { code: string }).code,
  );
}

async function write(store: Store, value: number) {
  const { ledger } = store.app('app');
  const mutations = [{ kind: 'set', scope: 's', key: 'k', value } as const];
  const answer = await ledger.commit({ mutations });
  if (answer.kind !== 'committed') throw new Error(answer.kind);
  return answer.position;
}

/** From here on the standby gets nothing. */
async function detach(standby: PostgresServer): Promise<void> {
  await sql(standby.adminUrl(), `ALTER SYSTEM SET primary_conninfo = ''`);
  await sql(standby.adminUrl(), 'SELECT pg_reload_conf()');
  const receiving = 'SELECT pid FROM pg_stat_wal_receiver';
  await expect.poll(() => sql(standby.adminUrl(), receiving), { timeout: 20_000 }).toEqual([]);
}

withServer(inject('postgres'), 'failover of Postgres', () => {
  test('a standby is refused, and what it lost when it took over is regressed', async () => {
    await using primary = await PostgresServer.start();
    await using proxy = await Proxy.start(primary.port, seededRandom(runSeed));
    const url = `postgres://tester@127.0.0.1:${proxy.port}/holdfast?timeoutMs=3000`;
    await using store = await openStore(url);
    const kept = await write(store, 1);
    await using standby = await primary.startStandby();
    expect(await codeOf(openStore(standby.url()))).toBe('store_read_only');
    const reached = `SELECT content FROM holdfast.entry WHERE content = '2'`;
    const copied = await write(store, 2);
    await expect.poll(() => sql(standby.adminUrl(), reached), { timeout: 20_000 }).toHaveLength(1);

    await detach(standby);
    const lost = await write(store, 3);

    // The address leads to the standby before that has taken over: no old answer is given.
    proxy.lead(standby.port);
    expect(await codeOf(store.app('app').scope('s').get('k'))).toBe('unavailable');
    expect(await codeOf(write(store, 4))).toBe('unavailable');
    await primary.server.kill();
    await sql(standby.adminUrl(), 'SELECT pg_promote()');

    expect(await store.app('app').scope('s').get('k')).toBe(2);
    const { ledger } = store.app('app');
    const standing = async (at: typeof lost) =>
      ledger.log(at).then(
        ({ kind }) => kind,
        (error: unknown) => (error as { code: string }).code,
      );
    expect(await standing(lost)).toBe('regressed');
    const after = await write(store, 5);
    expect(after.revision).toBe(lost.revision);
    expect(after.incarnation).not.toBe(lost.incarnation);
    expect([await standing(kept), await standing(copied)]).toEqual(['commits', 'commits']);
    expect(await standing(lost)).toBe('regressed');
  });

  test(`a standby that is behind takes over ${times} times (seed ${runSeed})`, async () => {
    let leader = await PostgresServer.start();
    let follower: PostgresServer | undefined;
    await using proxy = await Proxy.start(leader.port, seededRandom(runSeed));
    const url = `postgres://tester@127.0.0.1:${proxy.port}/holdfast?timeoutMs=2000&stallMs=300`;
    const followed = {
      cutOff: async () => detach(follower!),
      takeOver: async () => {
        await leader.server.kill();
        proxy.lead(follower!.port);
        await sql(follower!.adminUrl(), 'SELECT pg_promote()');
      },
      follow: async () => {
        await leader[Symbol.asyncDispose]();
        leader = follower!;
        follower = await leader.startStandby();
      },
    };
    try {
      await (await open(url)).close();
      follower = await leader.startStandby();
      const random = seededRandom(runSeed + 1);
      const codes = await failOver(followed, () => open(url), { times, random });
      const known = ['regressed', 'unavailable', 'store_read_only'];
      expect([...codes].filter((code) => !known.includes(code))).toEqual([]);
    } finally {
      await leader[Symbol.asyncDispose]();
      await follower?.[Symbol.asyncDispose]();
    }
  });
});
