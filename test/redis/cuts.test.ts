/** Connections that are cut before, in the midst of, after and behind a request. */
import { expect, inject, test } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import { Account } from '../faults/account.ts';
import { faultKinds, Proxy } from '../faults/proxy.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { withServer } from '../servers/provided.ts';
import { newStore, openEngine } from './stores.ts';

const writers = 6;
const cutsMin = runCount(40);

withServer(inject('redis'), 'cuts on the way to Redis', (server) => {
  const seeds = Array.from({ length: runCount(2, 0.02) }, (_, index) => runSeed + index);
  test.each(seeds)('are told truly and healed, seed %i', { timeout: 600_000 }, async (seed) => {
    const random = seededRandom(seed);
    const url = newStore(server);
    await using proxy = await Proxy.start(Number(new URL(server).port), random);
    const through = `redis://127.0.0.1:${proxy.port}${new URL(url).search}&timeoutMs=2000`;
    const open = async (at: string) => openLedgers(await openEngine(at), { sweepMs: 0 });
    const [one, two] = [await open(through), await open(through)];
    const account = new Account();
    proxy.fail(0.05);
    await Promise.all(
      Array.from({ length: writers }, async (_, index) => {
        const ledger = (index % 2 === 0 ? one : two).ledger('app');
        while (proxy.cuts < cutsMin) await account.write(ledger, `writer-${index}`);
      }),
    );
    proxy.fail(0);
    await one.close();
    await two.close();
    const after = await open(url);
    await account.verify(after.ledger('app'));
    await after.close();
    expect(account.acknowledged.size).toBeGreaterThan(cutsMin);
    expect(account.codes.filter((code) => code !== 'unavailable')).toEqual([]);
    expect([...account.unknown]).toEqual([]);
    for (const kind of faultKinds) expect(proxy.counts[kind]).toBeGreaterThan(0);
  });
});
