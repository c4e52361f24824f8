/** Values that an older, or a newer, version of the code wrote. */
import { expect } from 'vitest';
import { userSchema } from '../hand-made-schemas.ts';
import type { LayerContract } from '../layer-world.ts';
import type { App } from '../../store/index.ts';

/** Version 0 held a name, version 1 `{ fullName }`, version 2 is a user. */
function usersOf(app: App) {
  return app.scope('users', {
    schema: userSchema,
    version: 2,
    migrate: {
      0: (name) => ({ fullName: name }),
      1: (user) => ({ name: (user as { fullName: string }).fullName }),
    },
  });
}

export function migrationContract(contract: LayerContract): void {
  contract.test('old values are read in the new shape, and stay as they are', async ({ app }) => {
    const raw = app.scope('users');
    await raw.set('ada', 'Ada');
    await app.scope('users', { version: 1 }).set('bob', { fullName: 'Bob' });
    const users = usersOf(app);
    expect(await users.get('ada')).toEqual({ name: 'Ada', visits: 0 });
    expect(await users.get('bob')).toEqual({ name: 'Bob', visits: 0 });
    expect(await users.entry('bob')).toMatchObject({ schema: 1 });
    expect(await raw.get('ada')).toBe('Ada');
  });

  contract.test('a write leaves the new shape and version', async ({ app }) => {
    await app.scope('users').setMany({ ada: 'Ada', bob: 'Bob', cy: 'Cy' });
    const users = usersOf(app);
    await users.update('ada', (user) => ({ name: `${user?.name}!` }));
    await users.update('bob', [{ op: 'increment', path: '/visits' }]);
    const replaced = await users.set('cy', { name: 'Cyd' }, { returns: 'values' });
    expect(replaced.previous).toEqual({ name: 'Cy', visits: 0 });
    expect(await users.entry('ada')).toMatchObject({ schema: 2, value: { name: 'Ada!' } });
    expect(await users.entry('bob')).toMatchObject({ schema: 2, value: { visits: 1 } });
    const gone = await users.delete('ada', { returns: 'values' });
    expect(gone).toMatchObject({ change: 'deleted', previous: { name: 'Ada!' } });
  });

  contract.test('what cannot be migrated is reported and left alone', async ({ app }) => {
    await app.scope('users').setMany({ ada: 'Ada', eve: 7 });
    const details = { key: 'ada', storedVersion: 0 };
    const gap = app.scope('users', { version: 2, migrate: { 1: (value) => value } });
    await expect(gap.get('ada')).rejects.toMatchObject({ code: 'schema_mismatch', details });
    const broken = app.scope('users', {
      version: 1,
      migrate: { 0: (name) => (name as string).toUpperCase() },
    });
    expect(await broken.get('ada')).toBe('ADA');
    await expect(broken.get('eve')).rejects.toMatchObject({
      code: 'schema_mismatch',
      cause: expect.any(TypeError) as unknown,
    });
    expect(await app.scope('users').get('eve')).toBe(7);
  });

  contract.test('a value of newer code is refused by older code', async ({ app }) => {
    await app.scope('users', { version: 3 }).set('ada', { later: true });
    const users = usersOf(app);
    const refused = { code: 'schema_mismatch', details: { storedVersion: 3, version: 2 } };
    await expect(users.get('ada')).rejects.toMatchObject(refused);
    await expect(users.update('ada', () => ({ name: 'x' }))).rejects.toMatchObject(refused);
    expect(await app.scope('users').get('ada')).toEqual({ later: true });
  });

  contract.timed('migrateAll rewrites what is old and reports the rest', async ({ app }, clock) => {
    const raw = app.scope('users');
    const names = Array.from({ length: 450 }, (_, n) => [`u${n}`, `name ${n}`] as const);
    await raw.setMany(names, { ttlMs: 1000 });
    await raw.set('eve', 7);
    const users = usersOf(app);
    await users.set('new', { name: 'New' });
    clock.advance(10);
    const report = await users.migrateAll();
    expect(report).toMatchObject({ migrated: 450, current: 1 });
    expect(report.refused).toMatchObject([{ key: 'eve', error: { code: 'schema_mismatch' } }]);
    const expiresAt = clock.now() + 990;
    expect(await users.entry('u449')).toMatchObject({ schema: 2, expiresAt });
    expect(await raw.get('eve')).toBe(7);
    expect(await users.migrateAll()).toMatchObject({ migrated: 0, current: 451 });
  });

  contract.test('options that lead nowhere are refused at once', async ({ app }) => {
    const invalid = expect.objectContaining({ code: 'invalid_argument' }) as Error;
    const identity = (value: unknown) => value;
    expect(() => app.scope('s', { version: 1, migrate: { 1: identity } })).toThrow(invalid);
    expect(() => app.scope('s', { migrate: { 0: identity } })).toThrow(invalid);
    expect(() => app.scope('s', { version: -1 })).toThrow(invalid);
    expect(() => app.scope('s', { schema: {} as typeof userSchema })).toThrow(invalid);
  });
}
