/** P14 and T6 when the server itself fails: killed, restarted, paused, out of room. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { open as openStore } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import type { Random } from '../../src/internal/random.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { Account } from '../faults/account.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { PostgresServer } from '../servers/postgres.ts';
import { withServer } from '../servers/provided.ts';

const writers = 6;

/** Writers on two handles while `disturb` runs; what they were told is held against the log. */
async function underTrouble(
  postgres: PostgresServer,
  disturb: (account: Account) => Promise<void>,
): Promise<Account> {
  const url = `${postgres.url()}?timeoutMs=1000&stallMs=300`;
  const account = new Account();
  {
    await using one = await openStore(url, { resolveTimeoutMs: 60_000 });
    await using two = await openStore(url, { resolveTimeoutMs: 60_000 });
    const over = new AbortController();
    const writing = Array.from({ length: writers }, async (_, index) => {
      const { ledger } = (index % 2 === 0 ? one : two).app('app');
      while (!over.signal.aborted) {
        const failures = account.refused.size;
        await account.write(ledger, `writer-${index}`);
        // While nobody answers, there is no use in asking all the time.
        if (account.refused.size > failures) await systemClock.sleep(20);
      }
    });
    try {
      await untilAcknowledged(account, 50);
      await disturb(account);
      await untilAcknowledged(account, 50);
    } finally {
      over.abort();
      await Promise.all(writing);
    }
  }
  await using store = await openStore(postgres.url());
  await account.verify(store.app('app').ledger);
  expect([...account.unknown]).toEqual([]);
  return account;
}

/** Waits for so many more: it heals, without anybody starting anything anew. */
async function untilAcknowledged(account: Account, more: number): Promise<void> {
  const goal = account.acknowledged.size + more;
  const deadline = systemClock.monotonic() + 60_000;
  while (account.acknowledged.size < goal) {
    if (systemClock.monotonic() > deadline) throw new Error('writing does not go on');
    await systemClock.sleep(5);
  }
}

async function repeatedly(
  times: number,
  random: Random,
  account: Account,
  trouble: () => Promise<void>,
): Promise<void> {
  for (let turn = 0; turn < times; turn += 1) {
    await systemClock.sleep(random.float() * 60);
    await trouble();
    await untilAcknowledged(account, 10);
  }
}

withServer(inject('postgres'), 'outages of Postgres', () => {
  const kills = runCount(4, 0.1);
  const pauses = runCount(6, 0.1);

  test(`killed and restarted ${kills} times (seed ${runSeed})`, async () => {
    await using postgres = await PostgresServer.start();
    const random = seededRandom(runSeed);
    const account = await underTrouble(postgres, (witness) =>
      repeatedly(kills, random, witness, async () => {
        await postgres.server.kill(random.float() < 0.5 ? 'SIGKILL' : 'SIGQUIT');
        await postgres.server.restart();
      }),
    );
    expect(account.codes.filter((code) => code !== 'unavailable')).toEqual([]);
    expect(account.refused.size).toBeGreaterThan(0);
  });

  test(`a backend killed ${kills} times, and with it all others (seed ${runSeed})`, async () => {
    await using postgres = await PostgresServer.start();
    const random = seededRandom(runSeed + 1);
    const account = await underTrouble(postgres, (witness) =>
      repeatedly(kills, random, witness, async () => postgres.killBackend(random)),
    );
    expect(account.codes.filter((code) => code !== 'unavailable')).toEqual([]);
  });

  test(`paused ${pauses} times (seed ${runSeed})`, async () => {
    await using postgres = await PostgresServer.start();
    const random = seededRandom(runSeed + 2);
    const account = await underTrouble(postgres, (witness) =>
      repeatedly(pauses, random, witness, async () => {
        postgres.server.pause();
        await systemClock.sleep(random.float() * 1500);
        postgres.server.resume();
      }),
    );
    const known = ['unavailable', 'busy', 'contended'];
    expect(account.codes.filter((code) => !known.includes(code))).toEqual([]);
  });

  describe('every call', () => {
    const calls: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
      get: (store) => store.scope('s').get('k'),
      getMany: (store) => store.scope('s').getMany(['k', 'l']),
      set: (store) => store.scope('s').set('k', 2),
      delete: (store) => store.scope('s').delete('k'),
      count: (store) => store.scope('s').count(),
      scan: (store) => store.scope('s').entries().next(),
      scopes: (store) => store.app('default').scopes().next(),
      apps: (store) => store.apps(),
      stats: (store) => store.stats(),
      log: (store) => store.app('default').ledger.head(),
    };

    test.each(['stopped', 'paused'])('says unavailable while the server is %s', async (how) => {
      await using postgres = await PostgresServer.start();
      await using store = await openStore(`${postgres.url()}?timeoutMs=300&stallMs=100`, {
        resolveTimeoutMs: 300,
        busyTimeoutMs: 300,
      });
      await store.scope('s').set('k', 1);
      if (how === 'stopped') await postgres.server.kill('SIGQUIT');
      else postgres.server.pause();
      for (const [name, call] of Object.entries(calls)) {
        const answer = await call(store).catch((error: unknown) => error);
        const { code } = answer as { code?: string };
        expect([name, code]).toEqual([name, 'unavailable']);
      }
      if (how === 'stopped') await postgres.server.restart();
      else postgres.server.resume();
      const heals = () =>
        store
          .scope('s')
          .get('k')
          .catch(() => 'not yet');
      await expect.poll(heals, { timeout: 60_000 }).toBe(1);
    });
  });

  test('a full disk is told, changes nothing, and is over when there is room', async ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-full-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=1777', 'none', folder], {
        stdio: 'ignore',
      });
    } catch {
      rmSync(folder, { recursive: true });
      skip('needs the right to mount a small file system');
    }
    try {
      await using postgres = await PostgresServer.start();
      await postgres.useTablespace(folder);
      await using store = await openStore(postgres.url());
      const scope = store.scope<string>('s');
      const value = 'x'.repeat(500_000);
      let [kept, failure]: [number, unknown] = [0, undefined];
      while (failure === undefined && kept < 200) {
        const random = seededRandom(kept).hex(250_000);
        failure = await scope.set(`k${kept}`, random).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure === undefined) kept += 1;
      }
      expect(failure).toMatchObject({ code: 'disk_full', outcome: 'not-applied' });
      expect(await scope.count()).toBe(kept);
      expect(await scope.get('k0')).toBe(seededRandom(0).hex(250_000));
      execFileSync('mount', ['-o', 'remount,size=64m', folder], { stdio: 'ignore' });
      await scope.set('more', value);
      expect(await scope.get('more')).toBe(value);
    } finally {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    }
  });
});
