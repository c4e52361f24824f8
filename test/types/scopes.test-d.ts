import { describe, expectTypeOf, test } from 'vitest';
import type {
  App,
  ListItem,
  Scope,
  ScopeEntry,
  StandardSchema,
  Store,
  Swapped,
  Written,
  WrittenValues,
} from '../../src/index.ts';

interface UserInput {
  name: string;
  visits?: number;
}

interface User {
  name: string;
  visits: number;
}

declare const store: Store;
declare const app: App;
declare const userSchema: StandardSchema<UserInput, User>;

describe('a scope with a schema', () => {
  const users = app.scope('users', { schema: userSchema });

  test('takes the input and gives the output', async () => {
    expectTypeOf(users).toEqualTypeOf<Scope<UserInput, User>>();
    expectTypeOf(users.set).parameter(1).toEqualTypeOf<UserInput>();
    expectTypeOf(await users.get('a')).toEqualTypeOf<User | undefined>();
    expectTypeOf(await users.getMany(['a'])).toEqualTypeOf<(User | undefined)[]>();
    expectTypeOf(await users.entry('a')).toEqualTypeOf<ScopeEntry<User> | undefined>();
    for await (const value of users.values()) expectTypeOf(value).toEqualTypeOf<User>();
    for await (const { key, value } of users.entries()) {
      expectTypeOf(key).toEqualTypeOf<string>();
      expectTypeOf(value).toEqualTypeOf<User>();
    }
  });

  test('a default joins the type of the values', async () => {
    expectTypeOf(await users.get('a', null)).toEqualTypeOf<User | null>();
    expectTypeOf(await app.scope<number>('n').get('a', 0)).toEqualTypeOf<number>();
  });

  test('a function gets the output and returns the input', () => {
    void users.update('a', (user) => {
      expectTypeOf(user).toEqualTypeOf<User | undefined>();
      return { name: 'Ada' };
    });
    // @ts-expect-error A function must return a user.
    void users.update('a', () => ({ nam: 'Ada' }));
    // @ts-expect-error A function must return something.
    void users.update('a', () => undefined);
    // @ts-expect-error Functions are synchronous.
    void users.update('a', async () => ({ name: 'Ada' }));
  });

  test('values come back only where they were asked for', async () => {
    const user = { name: 'Ada' };
    expectTypeOf(await users.set('a', user)).toEqualTypeOf<Written>();
    const written = await users.set('a', user, { returns: 'values' });
    expectTypeOf(written).toEqualTypeOf<WrittenValues<User>>();
    expectTypeOf(await users.delete('a')).toEqualTypeOf<boolean>();
    const deleted = await users.delete('a', { returns: 'values' });
    expectTypeOf(deleted.previous).toEqualTypeOf<User | undefined>();
    const updated = await users.update('a', [{ op: 'increment', path: '/visits' }], {
      returns: 'values',
      ttlMs: 'keep',
    });
    expectTypeOf(updated.value).toEqualTypeOf<User | undefined>();
  });

  test('a compare-and-set is told apart by its kind', async () => {
    const answer = await users.compareAndSet('a', { version: 1 }, { name: 'Ada' });
    expectTypeOf(answer).toEqualTypeOf<Swapped>();
    if (answer.kind === 'swapped') expectTypeOf(answer).toExtend<Written>();
    // @ts-expect-error An expectation is of a version, of a value, or of absence.
    void users.compareAndSet('a', { versoin: 1 }, { name: 'Ada' });
  });

  test('what does not fit is refused', () => {
    // @ts-expect-error A name is text.
    void users.set('a', { name: 7 });
    // @ts-expect-error There is no such operation.
    void users.update('a', [{ op: 'multiply' }]);
    // @ts-expect-error There is no such option.
    void users.set('a', { name: 'Ada' }, { ttl: 1 });
    // @ts-expect-error A schema is a Standard Schema.
    void app.scope('users', { schema: { parse: () => 1 } });
  });
});

describe('a scope without a schema', () => {
  test('holds anything, unless its type is asserted', async () => {
    expectTypeOf(await app.scope('s').get('a')).toEqualTypeOf<unknown>();
    expectTypeOf(store.scope<User>('s')).toEqualTypeOf<Scope<User>>();
    // @ts-expect-error Its values are asserted to be users.
    void app.scope<User>('s').set('a', 1);
  });

  test('versions need no schema', () => {
    const scope = app.scope<User>('s', { version: 1, migrate: { 0: (value) => value } });
    expectTypeOf(scope).toEqualTypeOf<Scope<User>>();
  });
});

describe('transactions and batches', () => {
  const users = app.scope('users', { schema: userSchema });

  test('keep the types of their scopes and of the answer', async () => {
    const answer = await app.transact(async (tx) => {
      const staged = tx.scope(users);
      expectTypeOf(await staged.get('a')).toEqualTypeOf<User | undefined>();
      expectTypeOf(await staged.get('a', 0)).toEqualTypeOf<User | number>();
      expectTypeOf(staged.set).parameter(1).toEqualTypeOf<UserInput>();
      for await (const { value } of staged.entries()) expectTypeOf(value).toEqualTypeOf<User>();
      return 7;
    });
    expectTypeOf(answer).toEqualTypeOf<number>();
    expectTypeOf(await app.transact(() => 'x')).toEqualTypeOf<string>();
  });

  test('a batch takes what its scopes take', () => {
    void app.batch().set(users, 'a', { name: 'Ada' }).delete(users, 'b').touch(users, 'c', null);
    // @ts-expect-error A name is text.
    void app.batch().set(users, 'a', { name: 7 });
  });
});

describe('lists', () => {
  test('take the input and give the output of their schema', async () => {
    const list = app.list('l', { schema: userSchema, ttlMs: 1000 });
    void list.append({ name: 'Ada' }, { name: 'Bob', visits: 1 });
    // @ts-expect-error A name is text.
    void list.append({ name: 7 });
    expectTypeOf(await list.get(0)).toEqualTypeOf<User | undefined>();
    expectTypeOf(await list.range()).toEqualTypeOf<User[]>();
    for await (const item of list) expectTypeOf(item).toEqualTypeOf<User>();
    for await (const item of list.entries()) expectTypeOf(item).toEqualTypeOf<ListItem<User>>();
    // @ts-expect-error A trim keeps a number, or drops below an index.
    void list.trim({ last: 1 });
  });

  test('are of one type, or of any', async () => {
    expectTypeOf(await store.list<string>('l').tail(2)).toEqualTypeOf<string[]>();
    expectTypeOf(await store.list('l').tail(2)).toEqualTypeOf<unknown[]>();
  });
});
