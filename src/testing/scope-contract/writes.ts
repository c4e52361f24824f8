/** What a write does, and what it tells. */
import { expect, vi } from 'vitest';
import { origin } from '../../ledger/index.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

export function writesContract(contract: LayerContract): void {
  contract.test('set tells what happened, and on demand both values', async ({ app }) => {
    const scope = app.scope<number>('s');
    const first = await scope.set('a', 1);
    expect(first).toMatchObject({ change: 'created', version: first.position.revision });
    const second = await scope.set('a', 2, { returns: 'values' });
    expect(second).toMatchObject({ change: 'updated', previous: 1, value: 2 });
    expect(await scope.set('b', 3, { returns: 'values' })).toMatchObject({ previous: undefined });
  });

  contract.test('delete tells whether there was something', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.set('a', 1);
    expect(await scope.delete('a', { returns: 'values' })).toMatchObject({
      change: 'deleted',
      previous: 1,
      value: undefined,
    });
    expect(await scope.delete('a')).toBe(false);
    expect(await scope.get('a')).toBe(undefined);
  });

  contract.test('setMany and deleteMany are one commit each', async ({ app, ledger }) => {
    const scope = app.scope<number>('s');
    const written = await scope.setMany({ a: 1, b: 2 });
    expect(written.map(({ version }) => version)).toEqual([1, 1]);
    expect(await scope.deleteMany(['a', 'b', 'c'])).toBe(2);
    expect(await scope.setMany([])).toEqual([]);
    expect(await scope.deleteMany([])).toBe(0);
    expect((await ledger.head()).position.revision).toBe(2);
  });

  contract.test('a value that JSON would not keep is refused with its path', async ({ app }) => {
    const scope = app.scope('s');
    for (const bad of [Number.NaN, { when: new Date(0) }, new Map(), 1n, undefined]) {
      await expect(scope.set('a', bad)).rejects.toMatchObject({ code: 'invalid_value' });
    }
    await expect(scope.set('a', { b: [1, Number.NaN] })).rejects.toThrow(/\/b\/1/);
    expect(await scope.has('a')).toBe(false);
  });

  contract.timed('a scope’s time to live holds unless a write says otherwise', async (world) => {
    const scope = world.app.scope<number>('s', { ttlMs: 1000 });
    const life = async (key: string) => {
      const entry = await scope.entry(key);
      return entry?.expiresAt === undefined ? undefined : entry.expiresAt - entry.updatedAt;
    };
    await scope.setMany({ a: 1, b: 2 });
    await scope.set('own', 1, { ttlMs: 50 });
    await scope.set('never', 1, { ttlMs: null });
    await scope.update('up', [{ op: 'increment' }]);
    await scope.update('fn', (n = 0) => n + 1);
    expect(await Promise.all(['a', 'b', 'own', 'never', 'up', 'fn'].map(life))).toEqual([
      1000,
      1000,
      50,
      undefined,
      1000,
      1000,
    ]);
  });

  contract.timed('touch moves an expiry, keep leaves it', async ({ app }, clock) => {
    const scope = app.scope<number>('s');
    const expiry = async () => (await scope.entry('a'))?.expiresAt;
    expect(await scope.touch('a', 1000)).toBe(false);
    await scope.set('a', 1, { ttlMs: 1000 });
    const first = await expiry();
    clock.advance(10);
    await scope.set('a', 2, { ttlMs: 'keep' });
    expect(await expiry()).toBe(first);
    await scope.update('a', (n) => (n ?? 0) + 1, { ttlMs: 'keep' });
    expect(await expiry()).toBe(first);
    expect(await scope.touch('a', 5000)).toBe(true);
    expect(await expiry()).toBe(clock.now() + 5000);
    expect(await scope.touch('a', null)).toBe(true);
    expect(await expiry()).toBe(undefined);
    expect(await scope.get('a')).toBe(3);
  });

  contract.test('compareAndSet writes only what was expected', async ({ app }) => {
    const scope = app.scope<{ n: number; m?: number }>('s');
    const { version } = await scope.set('a', { n: 1, m: 2 });
    const missed = await scope.compareAndSet('a', { version: version + 1 }, { n: 2 });
    expect(missed).toMatchObject({ kind: 'conflict', version });
    const byValue = await scope.compareAndSet('a', { value: { m: 2, n: 1 } }, { n: 2 });
    expect(byValue).toMatchObject({ kind: 'swapped', change: 'updated' });
    const taken = await scope.compareAndSet('a', { absent: true }, { n: 3 });
    expect(taken).toMatchObject({ kind: 'conflict' });
    const created = await scope.compareAndSet('b', { absent: true }, { n: 3 });
    expect(created).toMatchObject({ kind: 'swapped', change: 'created' });
    expect(await scope.getMany(['a', 'b'])).toEqual([{ n: 2 }, { n: 3 }]);
  });

  contract.test('of many who expect absence one wins', async ({ app }) => {
    const scope = app.scope<number>('s');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => scope.compareAndSet('a', { absent: true }, n)),
    );
    expect(answers.filter(({ kind }) => kind === 'swapped')).toHaveLength(1);
  });

  contract.test('clear removes what is in range, and counts it', async ({ app }) => {
    const scope = app.scope<number>('s');
    const keys = Array.from({ length: 1500 }, (_, n) => [`k${n}`, n] as const);
    await scope.setMany(keys.slice(0, 1000));
    await scope.setMany(keys.slice(1000));
    await scope.set('other', 1);
    expect(await scope.clear({ prefix: 'k1' })).toBe(611);
    expect(await scope.clear({ prefix: 'k' })).toBe(889);
    expect(await collect(scope.keys())).toEqual(['other']);
    expect(await scope.clear()).toBe(1);
    expect(await scope.clear()).toBe(0);
    expect(await collect(app.scopes())).toEqual([]);
  });

  contract.test('erase takes every value, from the log too', async ({ app, ledger }) => {
    const scope = app.scope<string>('s');
    await scope.set('a', 'secret');
    await scope.set('a', 'more secret');
    expect(await scope.erase('a')).toMatchObject({ existed: true });
    expect(await scope.erase('a')).toMatchObject({ existed: false });
    const page = await ledger.log(origin);
    expect(JSON.stringify(page)).not.toContain('secret');
  });

  contract.test('a batch writes to many scopes in one commit', async ({ app, ledger }) => {
    const [a, b] = [app.scope<number>('a'), app.scope<string>('b')];
    await a.set('gone', 1);
    const commit = vi.spyOn(ledger, 'commit');
    const batch = app.batch().set(a, 'n', 1).set(b, 'n', 'one').delete(a, 'gone');
    batch.update(a, 'n', [{ op: 'increment', by: 4 }]).touch(b, 'n', null);
    const { results } = await batch.commit();
    expect(results.map(({ change }) => change)).toHaveLength(5);
    expect(commit).toHaveBeenCalledTimes(1);
    commit.mockRestore();
    expect([await a.get('n'), await b.get('n'), await a.has('gone')]).toEqual([5, 'one', false]);
    await expect(batch.commit()).rejects.toMatchObject({ code: 'closed' });
  });

  contract.test('a repeat of a stamped batch applies nothing', async ({ app }) => {
    const scope = app.scope<number>('s');
    const add = () => app.batch().update(scope, 'n', [{ op: 'increment' }]);
    const stamp = { client: 'importer', sequence: 1 };
    expect((await add().commit({ stamp })).replayed).toBe(false);
    expect((await add().commit({ stamp })).replayed).toBe(true);
    expect(await scope.get('n')).toBe(1);
  });

  contract.test('the terms of an app go with its commits', async ({ app, ledger }) => {
    const cause = { kind: 'run', id: '7' };
    const named = app.with({ actor: 'importer', cause });
    await named.scope('s').set('a', 1);
    await named.scope<number>('s').update('a', (n = 0) => n + 1);
    await named.list('l').append('x');
    const page = await ledger.log(origin);
    const commit = { actor: 'importer', cause };
    expect(page).toMatchObject({ commits: [commit, commit, commit] });
  });
}
