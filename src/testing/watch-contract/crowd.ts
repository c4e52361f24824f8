/** Many watchers at once: each gets its own, and those that are stuck cost nobody anything. */
import { expect, vi } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { takeChanges, tell, turns } from './acts.ts';

export function watchCrowdContract(contract: LayerContract): void {
  contract.test('thousands of watchers share a few streams', async ({ app, ledger }) => {
    const { position } = await app.scope('other').set('k', 0);
    const key = (n: number): string => `k${String(n).padStart(4, '0')}`;
    const streams = vi.spyOn(ledger, 'watch');
    const scope = app.scope<number>('s');
    const watches = Array.from({ length: 2000 }, (_, n) => {
      if (n % 4 === 0) return scope.watch({ prefix: key(n), after: position });
      return scope.watch({ key: key(n), after: position });
    });
    const taking = watches.map((watch) => takeChanges(watch, 1));
    await turns(200);
    for (let from = 0; from < 2000; from += 500) {
      const share = Array.from({ length: 500 }, (_, n) => [key(from + n), from + n] as const);
      await scope.setMany(share);
      await turns();
    }
    for (const [n, changes] of (await Promise.all(taking)).entries()) {
      expect(changes.map(tell)).toEqual([`created s/${key(n)} ${n}`]);
    }
    expect(streams.mock.calls.length).toBeLessThan(60);
    streams.mockRestore();
    for (const watch of watches) await watch.return();
  });

  contract.test('watchers that do not ask are let go, and find everything later', async (world) => {
    const { app, ledger } = world;
    const scope = app.scope<number>('s');
    const { position } = await scope.set('k', 0);
    const stuck = Array.from({ length: 100 }, () => scope.watch({ after: position }));
    const first = stuck.map((watch) => takeChanges(watch, 1));
    await scope.set('k', 1);
    await Promise.all(first);
    const streams = vi.spyOn(ledger, 'watch');
    const reads = vi.spyOn(ledger, 'log');
    for (let n = 2; n < 50; n += 1) await scope.set('k', n);
    await turns();
    expect([streams.mock.calls.length, reads.mock.calls.length]).toEqual([0, 0]);
    streams.mockRestore();
    reads.mockRestore();
    const all = await Promise.all(stuck.map((watch) => takeChanges(watch, 48)));
    for (const changes of all) {
      expect(changes.map(({ value }) => value)).toEqual(
        Array.from({ length: 48 }, (_, n) => n + 2),
      );
    }
    for (const watch of stuck) await watch.return();
  });

  contract.test('watchers of many scopes each get their own', async ({ app }) => {
    const { position } = await app.scope('s').set('k', 0);
    const watches = Array.from({ length: 60 }, (_, n) =>
      app.watch({ scope: `s${n}`, ...(n % 2 === 0 && { key: 'k' }), after: position }),
    );
    const taking = watches.map((watch) => takeChanges(watch, 2));
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < 60; n += 1) await app.scope<number>(`s${n}`).set('k', round);
    }
    for (const [n, changes] of (await Promise.all(taking)).entries()) {
      expect(changes.map(tell)).toEqual([`created s${n}/k 0`, `updated s${n}/k 1 was 0`]);
    }
    for (const watch of watches) await watch.return();
  });
}
