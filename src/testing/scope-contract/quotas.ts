/** How much a scope may hold, as its handles say. */
import { expect } from 'vitest';
import { userSchema } from '../hand-made-schemas.ts';
import type { LayerContract } from '../layer-world.ts';

const exceeded = { code: 'quota_exceeded', outcome: 'not-applied' };

export function quotasContract(contract: LayerContract): void {
  contract.test('a handle holds its quota to the entry, by every way of writing', async (world) => {
    const { app } = world;
    const scope = app.scope<number>('s', { quota: { entries: 2 } });
    await scope.setMany({ a: 1, b: 1 });
    const refusals = [
      () => scope.set('c', 1),
      () => scope.set('c', 1, { returns: 'values' }),
      () => scope.setMany({ a: 2, c: 1 }),
      () => scope.update('c', [{ op: 'increment' }]),
      () => scope.update('c', () => 1),
      () => scope.compareAndSet('c', { absent: true }, 1),
      () => app.batch().set(scope, 'a', 2).set(scope, 'c', 1).commit(),
      () => app.transact((tx) => tx.scope(scope).set('c', 1)),
    ];
    for (const refused of refusals) {
      await expect(refused()).rejects.toMatchObject({
        ...exceeded,
        details: { scope: 's', unit: 'entries', limit: 2, used: 2 },
      });
    }
    expect(await scope.getMany(['a', 'b', 'c'])).toEqual([1, 1, undefined]);
    await scope.set('a', 7);
    await app.transact(async (tx) => {
      const staged = tx.scope(scope);
      await staged.delete('b');
      await staged.set('c', 1);
    });
    expect(await scope.count()).toBe(2);
  });

  contract.test('and to the byte, keys counted', async ({ app }) => {
    const scope = app.scope<string>('s', { quota: { bytes: 12 } });
    await scope.set('k', 'x'.repeat(9));
    await expect(scope.set('k', 'x'.repeat(10))).rejects.toMatchObject(exceeded);
    await expect(scope.set('j', '')).rejects.toMatchObject(exceeded);
    expect(await scope.get('k')).toBe('x'.repeat(9));
  });

  contract.test('a schema, a version and a migration are held to it too', async ({ app }) => {
    await app.scope('users').setMany({ ada: 'Ada', bob: 'Bob' });
    const users = app.scope('users', {
      schema: userSchema,
      version: 1,
      migrate: { 0: (name) => ({ name }) },
      quota: { entries: 2, bytes: 30 },
    });
    const cy = { name: 'Cy' };
    await expect(users.update('cy', () => cy)).rejects.toMatchObject(exceeded);
    await expect(users.set('cy', cy, { returns: 'values' })).rejects.toMatchObject(exceeded);
    await expect(users.migrateAll()).rejects.toMatchObject(exceeded);
    expect(await app.scope('users').get('ada')).toBe('Ada');
  });

  contract.test('many at once get what is left, not more, over processes', async (world) => {
    const scopes = [world.app, await world.another()].map((app) => {
      return app.scope<number>('s', { quota: { entries: 5 } });
    });
    const writes = scopes.flatMap((scope, process) =>
      Array.from({ length: 20 }, (_, n) => scope.set(`${process}-${n}`, n)),
    );
    const answers = await Promise.allSettled(writes);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await world.app.scope('s').count()).toBe(5);
  });

  contract.test('it binds its own handle; one without a quota it does not', async ({ app }) => {
    const plain = app.scope<number>('s');
    const bound = app.scope<number>('s', { quota: { entries: 1 } });
    await plain.setMany({ a: 1, b: 1 });
    await expect(bound.set('c', 1)).rejects.toMatchObject(exceeded);
    expect(await bound.delete('a')).toBe(true);
    await bound.set('b', 2);
    await plain.set('c', 1);
  });

  contract.timed('the dead do not count', async ({ app }, clock) => {
    const scope = app.scope<number>('s', { quota: { entries: 1 }, ttlMs: 10 });
    await scope.set('a', 1);
    await expect(scope.set('b', 1)).rejects.toMatchObject(exceeded);
    clock.advance(10);
    await scope.set('b', 1);
  });

  contract.test('two handles that contradict each other are refused', async ({ app }) => {
    app.scope('s', { quota: { entries: 1, bytes: 9 } });
    app.scope('s', { quota: { bytes: 9, entries: 1 } });
    app.scope('t', { quota: { entries: 2 } });
    const contradiction = /another handle of scope 's' states the quota {"entries":1,"bytes":9}/;
    expect(() => app.scope('s', { quota: { entries: 1 } })).toThrow(contradiction);
    expect(() => app.with({ actor: 'x' }).scope('s', { quota: { entries: 2 } })).toThrow(
      contradiction,
    );
  });

  contract.test('a quota that is none is refused at once', async ({ app }) => {
    const wrongs = [null, 7, {}, { entries: -1 }, { bytes: 0.5 }, { entries: '1' }, { entry: 1 }];
    for (const quota of wrongs) {
      expect(() => app.scope('s', { quota: quota as { entries: number } })).toThrow(/quota/);
    }
    expect(() => app.scope('s', { quota: { entries: 1, byte: 1 } as never })).toThrow(/'byte'/);
  });
}
