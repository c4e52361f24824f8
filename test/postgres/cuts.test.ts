/** Connections that are cut before, in the midst of, after and behind a request. */
import { expect, inject, test } from 'vitest';
import type { Engine } from '../../src/engine/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import { Account } from '../faults/account.ts';
import { faultKinds, Proxy } from '../faults/proxy.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { withServer } from '../servers/provided.ts';
import { open, storeUrl } from './stores.ts';

/** Writers on one app, and on many apps at once. */
const loads = [
  { apps: 1, writers: 6 },
  { apps: 12, writers: 24 },
];
const cutsMin = runCount(40);

withServer(inject('postgres'), 'cuts on the way to Postgres', (server) => {
  const cases = loads.flatMap((load) =>
    Array.from({ length: runCount(1, 0.01) }, (_, index) => ({ ...load, seed: runSeed + index })),
  );
  const title = 'are told truly and healed, $writers writers on $apps apps, seed $seed';
  test.each(cases)(title, { timeout: 900_000 }, async ({ apps, writers, seed }) => {
    const random = seededRandom(seed);
    const url = storeUrl(server, { timeoutMs: '2000', stallMs: '300' });
    await using proxy = await Proxy.start(Number(new URL(server).port), random);
    const through = new URL(url);
    through.port = String(proxy.port);
    const openAt = async (at: string) => openLedgers(await open(at), { sweepMs: 0 });
    const [one, two] = [await openAt(through.href), await openAt(through.href)];
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
    const after = await openAt(url);
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

  const calls: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
    scan: (engine) =>
      engine.scan('app', { scope: 's', reverse: false, limit: 10, keysOnly: false }),
    scopes: (engine) => engine.scopes('app', { limit: 10 }),
    log: (engine) => engine.log('app', { after: 0, limit: 10 }),
    read: (engine) => engine.read('app', [{ scope: 's', key: 'k' }]),
  };

  test.each(Object.entries(calls))('fail %s, and nothing that nobody hears of', async (_, call) => {
    await using proxy = await Proxy.start(Number(new URL(server).port), seededRandom(1));
    const through = new URL(storeUrl(server, { timeoutMs: '300' }));
    through.port = String(proxy.port);
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on('unhandledRejection', hear);
    const engine = await open(through.href);
    try {
      await call(engine);
      proxy.fail(1);
      await expect(call(engine)).rejects.toMatchObject({ code: 'unavailable' });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(unheard).toEqual([]);
    } finally {
      process.off('unhandledRejection', hear);
      proxy.fail(0);
      await engine.close();
    }
  });
});
