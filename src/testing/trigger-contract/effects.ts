/** What a handler writes through `tx` happens exactly once. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { passUntil, until } from './acts.ts';

export function effectsContract(contract: LayerContract): void {
  contract.test('a counter equals the number of changes', async ({ app }) => {
    const counts = app.scope<number>('counts');
    const trigger = await app.trigger('t', { scope: 's' }, (_, { tx }) =>
      tx.scope(counts).update('all', [{ op: 'increment' }]),
    );
    const scope = app.scope<number>('s');
    const writes = Array.from({ length: 100 }, (_, n) => scope.set(`k${n % 7}`, n));
    await Promise.all(writes);
    await until(async () => (await counts.get('all', 0)) >= 100);
    await trigger.stop();
    expect(await counts.get('all')).toBe(100);
  });

  contract.test('what it read is checked, and it runs again if others were faster', async (w) => {
    const totals = w.app.scope<number>('totals');
    const trigger = await w.app.trigger('t', { scope: 's' }, async (_, { tx }) => {
      const all = tx.scope(totals);
      await all.set('all', (await all.get('all', 0)) + 1);
    });
    const keys = Array.from({ length: 30 }, (_, n) => [`k${n}`, n] as const);
    await w.app.scope('s').setMany(keys);
    await until(async () => (await totals.get('all', 0)) >= 30);
    await trigger.stop();
    expect(await totals.get('all')).toBe(30);
  });

  contract.timed('a handler that throws has written nothing', async ({ app }, clock) => {
    const counts = app.scope<number>('counts');
    let attempts = 0;
    const trigger = await app.trigger('t', { scope: 's' }, async (_, { tx }) => {
      attempts += 1;
      await tx.scope(counts).update('all', [{ op: 'increment' }]);
      if (attempts < 4) throw new Error('not yet');
    });
    await app.scope('s').set('k', 1);
    await passUntil(clock, async () => (await counts.get('all', 0)) > 0);
    await trigger.stop();
    expect([attempts, await counts.get('all')]).toEqual([4, 1]);
  });

  contract.timed('a write that is refused fails the attempt, awaited or not', async (w, clock) => {
    const errors: unknown[] = [];
    const options = { scope: 's', retry: { attempts: 1 }, onError: (e: unknown) => errors.push(e) };
    const trigger = await w.app.trigger('t', options, (_, { tx }) => {
      void tx.scope(w.app.scope('out')).set('k', Number.NaN);
    });
    await w.app.scope('s').set('k', 1);
    await passUntil(clock, async () => (await trigger.stats()).deadLetters > 0);
    await trigger.stop();
    expect(errors).toMatchObject([{ code: 'invalid_value' }]);
  });

  contract.test('commits say which trigger and how many causes stand behind them', async (w) => {
    const { app } = w;
    const { position } = await app.ledger.head();
    const trigger = await app.trigger('t', { scope: 's' }, async (event, { tx, app: own }) => {
      void tx.scope(app.scope<number>('out')).set('tx', 1);
      await own.scope('out').set('own', event.attempt);
    });
    await app
      .with({ cause: { kind: 'trigger', id: 'x', depth: 2 } })
      .scope('s')
      .set('k', 1);
    const out = app.scope('out');
    await until(async () => (await out.count()) === 2);
    await trigger.stop();
    const page = await app.ledger.log(position, { scope: 'out' });
    const causes = page.kind === 'commits' ? page.commits.map(({ cause }) => cause) : [];
    expect(causes).toEqual([
      { kind: 'trigger', id: 't', depth: 3 },
      { kind: 'trigger', id: 't', depth: 3 },
    ]);
  });

  contract.test('a loop is found and ends in a dead letter', async ({ app }) => {
    const scope = app.scope<number>('s');
    const trigger = await app.trigger<number>('t', { scope: 's', depthMax: 5 }, (event, { tx }) =>
      tx.scope(scope).set('k', (event.new_value ?? 0) + 1),
    );
    await scope.set('k', 0);
    await until(async () => (await trigger.stats()).deadLetters > 0);
    const { letters } = await trigger.deadLetters();
    await trigger.stop();
    expect(letters).toMatchObject([{ reason: 'loop', attempts: 0 }]);
    expect(await scope.get('k')).toBe(5);
  });
}
