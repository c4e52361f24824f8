/** Work across scopes that happens in one moment, or not at all. */
import { expect } from 'vitest';
import type { Ledger } from '../../ledger/index.ts';
import { App } from '../../store/index.ts';
import { collect, testParts } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

async function transfer(app: App, from: string, to: string, amount: number): Promise<void> {
  const accounts = app.scope<number>('accounts');
  const journal = app.scope('journal');
  await app.transact(async (tx) => {
    const balances = tx.scope(accounts);
    const [a, b] = [await balances.get(from, 0), await balances.get(to, 0)];
    if (a < amount) throw new Error('insufficient');
    await balances.set(from, a - amount);
    await balances.set(to, b + amount);
    await tx.scope(journal).update('count', [{ op: 'increment' }]);
  });
}

export function transactionsContract(contract: LayerContract): void {
  contract.test('all of it is one commit across scopes', async ({ app, ledger }) => {
    await app.scope('accounts').setMany({ a: 10, b: 0 });
    await transfer(app, 'a', 'b', 4);
    expect(await app.scope('accounts').getMany(['a', 'b'])).toEqual([6, 4]);
    expect(await app.scope('journal').get('count')).toBe(1);
    expect((await ledger.head()).position.revision).toBe(2);
  });

  contract.test('a throw drops everything', async ({ app, ledger }) => {
    await app.scope('accounts').setMany({ a: 1, b: 0 });
    await expect(transfer(app, 'a', 'b', 4)).rejects.toThrow('insufficient');
    expect((await ledger.head()).position.revision).toBe(1);
  });

  contract.test('concurrent transactions lose nothing', async ({ app, another }) => {
    const apps = [app, await another()];
    await app.scope('accounts').setMany({ a: 100, b: 100, c: 100 });
    const names = ['a', 'b', 'c'];
    const work = Array.from({ length: 45 }, (_, n) => {
      return transfer(
        apps[n % 2] ?? app,
        names[n % 3] ?? '',
        names[(n + 1) % 3] ?? '',
        1 + (n % 5),
      );
    });
    await Promise.all(work);
    const balances = (await app.scope<number>('accounts').getMany(names)).map((n) => n ?? 0);
    expect(balances.reduce((sum, n) => sum + n, 0)).toBe(300);
    expect(await app.scope('journal').get('count')).toBe(45);
  });

  contract.test('a hundred on one key are all there', async ({ app }) => {
    const scope = app.scope<number>('s');
    const add = () =>
      app.transact(async (tx) => {
        const s = tx.scope(scope);
        await s.set('n', (await s.get('n', 0)) + 1);
      });
    await Promise.all(Array.from({ length: 100 }, add));
    expect(await scope.get('n')).toBe(100);
  });

  contract.test('a key that was missing counts as read', async ({ app }) => {
    const scope = app.scope<string>('s');
    const claim = (name: string) =>
      app.transact(async (tx) => {
        const s = tx.scope(scope);
        if (await s.has('owner')) return false;
        await s.set('owner', name);
        return true;
      });
    const claimed = await Promise.all(['a', 'b', 'c'].map(claim));
    expect(claimed.filter(Boolean)).toHaveLength(1);
  });

  contract.test('there are no phantoms in what was scanned or counted', async ({ app }) => {
    const shifts = app.scope<boolean>('shifts');
    await shifts.setMany({ a: true, b: true });
    for (const counted of [false, true]) {
      let runs = 0;
      const found = await app.transact(async (tx) => {
        runs += 1;
        const s = tx.scope(shifts);
        const count = counted ? await s.count() : (await collect(s.keys())).length;
        if (runs === 1) await shifts.set(`late ${counted}`, true);
        await s.set('total', true);
        return count;
      });
      expect(runs).toBe(2);
      expect(found).toBe(counted ? 5 : 3);
    }
  });

  contract.test('what only read is of one moment, too', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany({ a: 0, b: 0 });
    let runs = 0;
    const sum = await app.transact(async (tx) => {
      runs += 1;
      const s = tx.scope(scope);
      const a = await s.get('a', 0);
      if (runs === 1) await scope.setMany({ a: 1, b: 1 });
      return a + (await s.get('b', 0));
    });
    expect([sum, runs]).toEqual([2, 2]);
  });

  contract.test('a throw because of a torn view is tried again', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany({ a: 0, b: 0 });
    let runs = 0;
    await app.transact(async (tx) => {
      runs += 1;
      const s = tx.scope(scope);
      const a = await s.get('a');
      if (runs === 1) await scope.setMany({ a: 1, b: 1 });
      if (a !== (await s.get('b'))) throw new Error('a and b must be alike');
    });
    expect(runs).toBe(2);
  });

  contract.test('who always loses is contended', async ({ app }) => {
    const scope = app.scope<number>('s');
    let runs = 0;
    const work = app.transact(
      async (tx) => {
        runs += 1;
        const s = tx.scope(scope);
        await s.get('n');
        await scope.update('n', [{ op: 'increment' }]);
        await s.set('n', -1);
      },
      { attempts: 3 },
    );
    await expect(work).rejects.toMatchObject({
      code: 'contended',
      details: { attempts: 3, check: { kind: 'version', scope: 's', key: 'n' } },
    });
    expect([runs, await scope.get('n')]).toEqual([3, 3]);
  });

  contract.test('after its end a transaction refuses every call', async ({ app }) => {
    const scope = app.scope<number>('s');
    const tx = await app.transact((tx) => tx);
    await expect(tx.scope(scope).get('a')).rejects.toMatchObject({ code: 'closed' });
    expect(() => tx.scope(scope).set('a', 1)).toThrow(/is over/);
    expect(await scope.has('a')).toBe(false);
  });

  contract.test('a scope of another app is refused', async ({ app, ledger }) => {
    const elsewhere = App.over(
      Object.create(ledger, { name: { value: 'other' } }) as Ledger,
      testParts(),
    );
    const [scope, list] = [elsewhere.scope<number>('s'), elsewhere.list('l')];
    const refused = { code: 'invalid_argument', details: { app: 'other' } };
    await expect(app.transact((tx) => tx.scope(scope).set('a', 1))).rejects.toMatchObject(refused);
    await expect(app.transact((tx) => list.in(tx).append('a'))).rejects.toMatchObject(refused);
    expect(() => app.batch().set(scope, 'a', 1)).toThrow(/belongs to app 'other'/);
    expect(() => app.batch().delete(scope, 'a')).toThrow(/belongs to app 'other'/);
  });

  contract.test('a scan covers any number of reads in its scope', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany(Array.from({ length: 1000 }, (_, n) => [`a${n}`, 1] as const));
    await scope.setMany(Array.from({ length: 500 }, (_, n) => [`b${n}`, 1] as const));
    const sum = await app.transact(async (tx) => {
      const s = tx.scope(scope);
      let sum = 0;
      for await (const key of s.keys()) sum += await s.get(key, 0);
      await s.set('sum', sum);
      return sum;
    });
    expect(sum).toBe(1500);
  });

  contract.test('a write that nobody awaited is committed, or fails it all', async ({ app }) => {
    const scope = app.scope('s');
    await app.transact((tx) => {
      void tx.scope(scope).set('a', 1);
    });
    expect(await scope.get('a')).toBe(1);
    const refused = app.transact((tx) => {
      void tx.scope(scope).set('b', 1);
      void tx.scope(scope).set('c', Number.NaN);
    });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_value' });
    expect(await scope.has('b')).toBe(false);
  });
}
