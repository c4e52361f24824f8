/** Connections that are cut before, in the midst of, after and behind a request. */
import { expect, inject, test } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import { Account } from '../faults/account.ts';
import { faultKinds, Proxy } from '../faults/proxy.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { withServer } from '../servers/provided.ts';
import { newStore, openEngine } from './stores.ts';

/** Writers on one app, and on many apps at once. */
const loads = [
  { apps: 1, writers: 6 },
  { apps: 12, writers: 24 },
];
const cutsMin = runCount(40);

withServer(inject('redis'), 'cuts on the way to Redis', (server) => {
  const cases = loads.flatMap((load) =>
    Array.from({ length: runCount(1, 0.01) }, (_, index) => ({ ...load, seed: runSeed + index })),
  );
  const title = 'are told truly and healed, $writers writers on $apps apps, seed $seed';
  test.each(cases)(title, { timeout: 600_000 }, async ({ apps, writers, seed }) => {
    const random = seededRandom(seed);
    const url = newStore(server);
    await using proxy = await Proxy.start(Number(new URL(server).port), random);
    const through = `redis://127.0.0.1:${proxy.port}${new URL(url).search}&timeoutMs=2000`;
    const open = async (at: string) => openLedgers(await openEngine(at), { sweepMs: 0 });
    const [one, two] = [await open(through), await open(through)];
    const accounts = Array.from({ length: apps }, () => new Account());
    proxy.fail(0.05);
    await Promise.all(
      Array.from({ length: writers }, async (_, index) => {
        const app = Math.floor(index / 2) % apps;
        const ledger = (index % 2 === 0 ? one : two).ledger(`app-${app}`);
        while (proxy.cuts < cutsMin) await accounts[app]?.write(ledger, `writer-${index}`);
      }),
    );
    proxy.fail(0);
    await one.close();
    await two.close();
    const after = await open(url);
    for (const [app, account] of accounts.entries()) {
      await account.verify(after.ledger(`app-${app}`));
      expect(account.codes.filter((code) => code !== 'unavailable')).toEqual([]);
      expect([...account.unknown]).toEqual([]);
    }
    await after.close();
    const acknowledged = accounts.reduce((sum, { acknowledged: own }) => sum + own.size, 0);
    expect(acknowledged).toBeGreaterThan(cutsMin);
    for (const kind of faultKinds) expect(proxy.counts[kind]).toBeGreaterThan(0);
  });
});
