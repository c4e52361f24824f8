/** What a schema does to writes and reads. */
import { expect } from 'vitest';
import { slowUserSchema, userSchema } from '../hand-made-schemas.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

export function schemaContract(contract: LayerContract): void {
  for (const [kind, schema] of [
    ['synchronous', userSchema],
    ['asynchronous', slowUserSchema],
  ] as const) {
    contract.test(`${kind}: what it refuses is not written, by any way`, async ({ app }) => {
      const users = app.scope('users', { schema });
      const bad = { name: 'Ada', visits: -1 };
      const refused = { code: 'schema_mismatch', outcome: 'not-applied' };
      await expect(users.set('ada', bad)).rejects.toMatchObject({
        ...refused,
        details: {
          key: 'ada',
          which: 'given',
          issues: [{ path: 'visits', message: 'must not be negative' }],
        },
      });
      await expect(users.setMany({ ada: bad })).rejects.toMatchObject(refused);
      await expect(users.update('ada', () => bad)).rejects.toMatchObject(refused);
      await expect(users.compareAndSet('ada', { absent: true }, bad)).rejects.toMatchObject(
        refused,
      );
      await expect(
        app.transact((tx) => void tx.scope(users).set('ada', bad)),
      ).rejects.toMatchObject(refused);
      const batch = async () => app.batch().set(users, 'ada', bad).commit();
      await expect(batch()).rejects.toMatchObject(refused);
      expect(await users.has('ada')).toBe(false);
    });

    contract.test(`${kind}: it makes what is read from what was written`, async ({ app }) => {
      const users = app.scope('users', { schema });
      const ada = { name: 'Ada', visits: 0 };
      const written = await users.set('ada', { name: 'Ada' }, { returns: 'values' });
      expect(written.value).toEqual(ada);
      expect(await users.get('ada')).toEqual(ada);
      expect(await users.getMany(['ada', 'bob'])).toEqual([ada, undefined]);
      expect(await users.entry('ada')).toMatchObject({ value: ada });
      expect(await collect(users.values())).toEqual([ada]);
      expect(await app.scope('users').get('ada')).toEqual({ name: 'Ada' });
    });

    contract.test(`${kind}: operations are judged by their outcome`, async ({ app }) => {
      const users = app.scope('users', { schema });
      await users.set('ada', { name: 'Ada' });
      const visit = [{ op: 'increment', path: '/visits' }] as const;
      await Promise.all(Array.from({ length: 20 }, () => users.update('ada', visit)));
      const down = users.update('ada', [{ op: 'decrement', path: '/visits', by: 21 }]);
      await expect(down).rejects.toMatchObject({ code: 'schema_mismatch' });
      expect(await users.get('ada')).toEqual({ name: 'Ada', visits: 20 });
      const rename = users.update('bob', [{ op: 'set', path: '/visits', value: 1 }]);
      await expect(rename).rejects.toMatchObject({ code: 'schema_mismatch' });
    });

    contract.test(`${kind}: concurrent functions see what is read`, async ({ app }) => {
      const users = app.scope('users', { schema });
      const visit = (user: { name: string; visits: number } = { name: 'Ada', visits: 0 }) => ({
        ...user,
        visits: user.visits + 1,
      });
      await Promise.all(Array.from({ length: 20 }, () => users.update('ada', visit)));
      expect(await users.get('ada')).toEqual({ name: 'Ada', visits: 20 });
    });
  }

  contract.test('a stored value that it refuses is reported and left alone', async ({ app }) => {
    const raw = app.scope('users');
    await raw.setMany({ ada: { name: 'Ada' }, bob: { name: 7 } });
    const users = app.scope('users', { schema: userSchema });
    const refused = { code: 'schema_mismatch', details: { key: 'bob', which: 'stored' } };
    await expect(users.get('bob')).rejects.toMatchObject(refused);
    await expect(users.get('bob', { name: 'x', visits: 0 })).rejects.toMatchObject(refused);
    await expect(users.getMany(['ada', 'bob'])).rejects.toMatchObject(refused);
    await expect(collect(users.entries())).rejects.toMatchObject(refused);
    await expect(users.update('bob', (user) => user ?? { name: '' })).rejects.toMatchObject(
      refused,
    );
    expect(await raw.get('bob')).toEqual({ name: 7 });
    expect(await users.has('bob')).toBe(true);
  });

  contract.test('an iteration can pass over what is refused', async ({ app }) => {
    await app.scope('users').setMany({ ada: { name: 'Ada' }, bob: 7, cy: { name: 'Cy' } });
    const users = app.scope('users', { schema: userSchema });
    const refused: string[] = [];
    const onRefused = (_: unknown, key: string) => void refused.push(key);
    const names = (await collect(users.values({ onRefused }))).map(({ name }) => name);
    expect(names).toEqual(['Ada', 'Cy']);
    expect((await users.page({ onRefused })).entries).toHaveLength(2);
    expect(refused).toEqual(['bob', 'bob']);
  });

  contract.test('a refused value can be replaced, and is told of', async ({ app }) => {
    await app.scope('users').set('bob', 7);
    const users = app.scope('users', { schema: userSchema });
    const written = await users.set('bob', { name: 'Bob' }, { returns: 'values' });
    expect(written).toMatchObject({
      previous: undefined,
      refused: { code: 'schema_mismatch' },
      value: { name: 'Bob', visits: 0 },
    });
  });

  contract.test('a batch cannot judge operations and says so', async ({ app }) => {
    const users = app.scope('users', { schema: userSchema });
    expect(() => app.batch().update(users, 'ada', [{ op: 'remove' }])).toThrow(/transaction/);
  });
}
