/** Several processes: each shard has one owner, and what one leaves another goes on with. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { passUntil, until } from './acts.ts';

export function takeoverContract(contract: LayerContract): void {
  contract.test('processes share the shards, and give them up when they stop', async (w) => {
    const counts = w.app.scope<number>('counts');
    const other = await w.another();
    const first = await w.app.trigger('t', { scope: 's' }, (_, { tx }) =>
      tx.scope(counts).update('all', [{ op: 'increment' }]),
    );
    const theirs = other.scope<number>('counts');
    const second = await other.trigger('t', { scope: 's' }, (_, { tx }) =>
      tx.scope(theirs).update('all', [{ op: 'increment' }]),
    );
    const scope = w.app.scope<number>('s');
    await scope.setMany(Array.from({ length: 50 }, (_, n) => [`k${n}`, n] as const));
    await until(async () => {
      const [mine, yours] = [await first.stats(), await second.stats()];
      return mine.shards === 4 && yours.shards === 4;
    });
    await scope.setMany(Array.from({ length: 50 }, (_, n) => [`k${n}`, -n] as const));
    await until(async () => (await counts.get('all', 0)) >= 100);
    expect((await first.stats()).handled).toBeGreaterThan(0);
    expect((await second.stats()).handled).toBeGreaterThan(0);
    await first.stop();
    await until(async () => (await second.stats()).shards === 8);
    await scope.setMany(Array.from({ length: 50 }, (_, n) => [`k${n}`, n + 1000] as const));
    await until(async () => (await counts.get('all', 0)) >= 150);
    await second.stop();
    expect(await counts.get('all')).toBe(150);
  });

  contract.timed('a process that the others forgot is one of them again', async (w, clock) => {
    const trigger = await w.app.trigger('t', { scope: 's' }, () => undefined);
    const scope = '$trigger/t';
    const { items } = await w.ledger.scan({ scope, prefix: 'worker/', keysOnly: true });
    expect(items).toHaveLength(1);
    // As others do with one that slept for longer than it counts as alive.
    await w.ledger.commit({
      mutations: items.map(({ key }) => ({ kind: 'delete', scope, key })),
    });
    await passUntil(clock, async () => (await trigger.stats()).workers === 1);
    await trigger.stop();
  });

  contract.test('one process runs a trigger once', async ({ app }) => {
    const trigger = await app.trigger('t', {}, () => undefined);
    await expect(app.trigger('t', {}, () => undefined)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await trigger.stop();
    const again = await app.trigger('t', {}, () => undefined);
    await again.stop();
    expect(again.state).toBe('stopped');
  });
}
