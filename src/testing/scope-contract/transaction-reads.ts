/** A transaction sees what is stored, overlaid by what it has staged. */
import { expect } from 'vitest';
import { slowUserSchema, userSchema } from '../hand-made-schemas.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

export function transactionReadsContract(contract: LayerContract): void {
  contract.test('own writes are seen before the commit, by nobody else', async ({ app }) => {
    const scope = app.scope('s');
    await scope.setMany({ a: 1, b: 2, c: { n: 1 } });
    await app.transact(async (tx) => {
      const s = tx.scope(scope);
      await s.set('a', 10);
      await s.delete('b');
      await s.update('c', [{ op: 'increment', path: '/n' }]);
      await s.update('c', [{ op: 'set', path: '/m', value: true }]);
      await s.update('d', [{ op: 'append', value: 'x' }]);
      await s.update('a', [{ op: 'increment', by: 5 }]);
      const seen = await Promise.all(['a', 'b', 'c', 'd'].map((key) => s.get(key, 'absent')));
      expect(seen).toEqual([15, 'absent', { n: 2, m: true }, ['x']]);
      expect([await s.has('b'), await s.has('d')]).toEqual([false, true]);
      expect(await scope.getMany(['a', 'b'])).toEqual([1, 2]);
    });
    expect(await scope.getMany(['a', 'b', 'c', 'd'])).toEqual([
      15,
      undefined,
      { n: 2, m: true },
      ['x'],
    ]);
  });

  contract.test('own writes are in order in what is scanned and counted', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany({ b: 1, d: 1, f: 1 });
    await app.transact(async (tx) => {
      const s = tx.scope(scope);
      await s.set('a', 2);
      await s.set('d', 2);
      await s.delete('f');
      await s.set('g', 2);
      await s.delete('h');
      const found = (await collect(s.entries())).map(({ key, value }) => `${key}${value}`);
      expect(found).toEqual(['a2', 'b1', 'd2', 'g2']);
      const back = await collect(s.keys({ reverse: true, to: 'g' }));
      expect(back).toEqual(['d', 'b', 'a']);
      expect([await s.count(), await s.count({ prefix: 'd' })]).toEqual([4, 1]);
    });
    expect(await collect(scope.keys())).toEqual(['a', 'b', 'd', 'g']);
  });

  contract.test('a key is read once', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.set('a', 1);
    let runs = 0;
    const seen = await app.transact(async (tx) => {
      runs += 1;
      const s = tx.scope(scope);
      const first = await s.get('a');
      if (runs === 1) await scope.set('a', 2);
      return [first, await s.get('a')];
    });
    // One key is of one moment whatever happens after it.
    expect([seen, runs]).toEqual([[1, 1], 1]);
  });

  contract.test('what the caller does to a staged value has no effect', async ({ app }) => {
    const scope = app.scope<{ n: number }>('s');
    await app.transact(async (tx) => {
      const s = tx.scope(scope);
      const value = { n: 1 };
      void s.set('a', value);
      value.n = 2;
      void s.set('b', value);
      value.n = 3;
      expect(await s.get('a')).toEqual({ n: 1 });
    });
    expect(await scope.getMany(['a', 'b'])).toEqual([{ n: 1 }, { n: 2 }]);
  });

  for (const [kind, schema] of [
    ['synchronous', userSchema],
    ['asynchronous', slowUserSchema],
  ] as const) {
    contract.test(`${kind} schemas judge in order what is staged`, async ({ app }) => {
      const users = app.scope('users', { schema });
      await app.transact(async (tx) => {
        const s = tx.scope(users);
        void s.set('ada', { name: 'Ada' });
        void s.update('ada', [{ op: 'increment', path: '/visits', by: 2 }]);
        void s.update('ada', [{ op: 'increment', path: '/visits' }]);
        void s.set('bob', { name: 'Bob' });
        expect(await s.get('ada')).toEqual({ name: 'Ada', visits: 3 });
        void s.delete('bob');
        expect(await s.count()).toBe(1);
      });
      expect(await collect(users.values())).toEqual([{ name: 'Ada', visits: 3 }]);
    });
  }

  contract.timed('a transaction keeps and gives times to live', async ({ app }, clock) => {
    const scope = app.scope<number>('s', { ttlMs: 100 });
    await scope.set('kept', 1, { ttlMs: 1000 });
    await app.transact(async (tx) => {
      const s = tx.scope(scope);
      await s.set('kept', 2, { ttlMs: 'keep' });
      await s.set('own', 1, { ttlMs: 50 });
      await s.set('default', 1);
      await s.set('never', 1, { ttlMs: null });
      await s.touch('never', 70);
    });
    const now = clock.now();
    const expiry = async (key: string) => (await scope.entry(key))?.expiresAt;
    expect(await Promise.all(['kept', 'own', 'default', 'never'].map(expiry))).toEqual([
      now + 1000,
      now + 50,
      now + 100,
      now + 70,
    ]);
  });

  contract.test('lists and scopes are committed together', async ({ app, ledger }) => {
    const [scope, list] = [app.scope<number>('s'), app.list<string>('l')];
    await list.append('a');
    await app.transact(async (tx) => {
      const l = list.in(tx);
      void l.append('b');
      void l.append('c', 'd');
      expect(await l.length()).toBe(4);
      expect([await l.get(0), await l.get(-1), await l.get(4)]).toEqual(['a', 'd', undefined]);
      expect(await l.tail(2)).toEqual(['c', 'd']);
      await tx.scope(scope).set('messages', await l.length());
    });
    expect(await list.range()).toEqual(['a', 'b', 'c', 'd']);
    expect(await scope.get('messages')).toBe(4);
    expect((await ledger.head()).position.revision).toBe(2);
  });
}
