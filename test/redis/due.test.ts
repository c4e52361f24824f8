/** Finding what is due, of many ledgers, and after other engines have looked. */
import { expect, inject, test } from 'vitest';
import { openLedgers } from '../../src/ledger/index.ts';
import { ManualClock, pressing } from '../../src/testing/index.ts';
import { withServer } from '../servers/provided.ts';
import { newStore, openEngine } from './stores.ts';

function dueOn(name: string, server: string): void {
  test(`what dies is found by whoever looks, whenever it was announced: ${name}`, async () => {
    const url = newStore(server);
    const clock = new ManualClock(1_000_000);
    const [one, two] = [
      await openEngine(url, { clock: pressing(clock) }),
      await openEngine(url, { clock: pressing(clock) }),
    ];
    const stores = [one, two].map((engine) => openLedgers(engine, { clock, sweepMs: 0 }));
    const due = async (engine: typeof one) =>
      (await engine.due(clock.now(), 100)).map(({ ledger, key }) => `${ledger}/${key}`);
    const set = (app: string, key: string, ttlMs: number) =>
      stores[0]!
        .ledger(app)
        .commit({ mutations: [{ kind: 'set', scope: 's', key, value: 1, ttlMs }] });
    expect([await due(one), await due(two)]).toEqual([[], []]);
    await set('a', 'late', 200_000);
    await set('a', 'soon', 50);
    await set('b', 'soon', 100);
    expect(await due(two)).toEqual([]);
    clock.advance(60);
    expect(await due(two)).toEqual(['a/soon']);
    clock.advance(60);
    expect(await due(one)).toEqual(['a/soon', 'b/soon']);
    await stores[1]!.runDuties();
    // Moved on by this look, and called back by the next announcement.
    expect(await due(two)).toEqual([]);
    await set('a', 'next', 10);
    clock.advance(10);
    expect(await due(two)).toEqual(['a/next']);
    clock.advance(200_000);
    expect(await due(one)).toEqual(['a/next', 'a/late']);
    for (const store of stores) await store.close();
  });
}

withServer(inject('redis'), 'redis', (url) => dueOn('redis', url));
withServer(inject('redisCluster'), 'redis cluster', (url) => dueOn('redis cluster', url));
