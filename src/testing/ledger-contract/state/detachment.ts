/** Values are detached: what callers do to their objects, before or after, changes nothing. */
import { expect } from 'vitest';
import { StoredValue } from '../../../ledger/index.ts';
import { commit, conflict, entryOf, logOf, scanAll, set, told, valueOf, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

interface Loose {
  [name: string]: unknown;
}

export function detachmentContract(contract: LedgerContract): void {
  contract.test(
    'a value that is changed after the call was what it was at the call',
    async (world) => {
      const { app } = await world.start();
      const value = { list: [1, 2], inner: { a: 1 } };
      const bytes = Uint8Array.of(1, 2, 3);
      const writing = write(app, set('json', value), set('bytes', bytes));
      value.list.push(3);
      value.inner.a = 2;
      bytes[0] = 9;
      await writing;
      value.inner.a = 3;
      expect(await valueOf(app, 'json')).toEqual({ list: [1, 2], inner: { a: 1 } });
      expect(await valueOf(app, 'bytes')).toEqual(Uint8Array.of(1, 2, 3));
    },
  );

  contract.test(
    'a proposal that is changed after the call was what it was at the call',
    async (world) => {
      const { app } = await world.start();
      await write(app, set('gate', 1), set('list', []));
      const { version } = (await entryOf(app, 'gate'))!;
      const check: Loose = { kind: 'version', scope: 's', key: 'gate', version };
      const mutation: Loose = { kind: 'set', scope: 's', key: 'a', value: 1 };
      const operation: Loose = { op: 'append', value: { n: 1 } };
      const operations = [operation];
      const update: Loose = { kind: 'update', scope: 's', key: 'list', operations };
      const cause: Loose = { kind: 'run', id: 'first' };
      const mutations = [mutation, update];
      const proposal: Loose = { checks: [check], mutations, cause, actor: 'ann' };
      const writing = app.commit(proposal);
      check['version'] = 77;
      check['key'] = 'elsewhere';
      Object.assign(mutation, { key: 'b', scope: 'other', value: 2 });
      Object.assign(update, { key: 'b' });
      (operation['value'] as Loose)['n'] = 2;
      operations.push({ op: 'explode' });
      mutations.push({ kind: 'zap' });
      cause['id'] = 'second';
      expect((await writing).kind).toBe('committed');
      expect(await valueOf(app, 'a')).toBe(1);
      expect(await valueOf(app, 'list')).toEqual([{ n: 1 }]);
      expect(await entryOf(app, 'b', 'other')).toBeUndefined();
      const last = (await logOf(app)).at(-1)!;
      expect([last.cause, last.actor]).toEqual([{ kind: 'run', id: 'first' }, 'ann']);
    },
  );

  contract.test('refs that are changed after the call were what they were', async (world) => {
    const { app } = await world.start();
    await write(app, set('a', 1), set('b', 2));
    const ref = { scope: 's', key: 'a' };
    const reading = app.read([ref]);
    ref.key = 'b';
    expect((await reading)[0]).toMatchObject({ key: 'a' });
    const dead = { scope: 's', key: 'a' };
    const erasing = app.erase(dead);
    dead.key = 'b';
    await erasing;
    expect([await valueOf(app, 'a'), await valueOf(app, 'b')]).toEqual([undefined, 2]);
  });

  contract.test('nothing done to what a read returned changes the store', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', { list: [1] }), set('bytes', Uint8Array.of(1)));
    const entry = (await entryOf(app, 'k'))!;
    (entry.value.decode() as { list: number[] }).list.push(2);
    ((await valueOf(app, 'bytes')) as Uint8Array)[0] = 9;
    Object.assign(entry, { version: 0, key: 'x', expiresAt: 1 });
    for (const found of await scanAll(app, { scope: 's' })) {
      const decoded = found.value.decode();
      if (decoded instanceof Uint8Array) decoded[0] = 7;
      else (decoded as Loose)['list'] = [];
    }
    expect(await valueOf(app, 'k')).toEqual({ list: [1] });
    expect(await valueOf(app, 'bytes')).toEqual(Uint8Array.of(1));
    expect((await entryOf(app, 'k'))!.version).toBeGreaterThan(0);
  });

  contract.test(
    'nothing done to what the log or a receipt returned changes either',
    async (world) => {
      const { app } = await world.start();
      const { results } = await commit(app, {
        mutations: [set('k', { list: [1] }), set('bytes', Uint8Array.of(1))],
        returns: 'values',
      });
      (results[0]!.value!.decode() as Loose)['list'] = [];
      (results[1]!.value!.decode() as Uint8Array)[0] = 9;
      const expected = ['created k {"list":[1]}', 'created bytes bytes 1'];
      const [first] = await logOf(app);
      expect(told([first!])).toEqual(expected);
      Object.assign(first!.changes[0]!, { kind: 'deleted', key: 'x' });
      (first!.changes as unknown[]).length = 0;
      expect(told(await logOf(app))).toEqual(expected);
    },
  );

  contract.test('what a conflict returned is detached from what was proposed', async (world) => {
    const { app } = await world.start();
    const wanted = { deep: { n: 1 } };
    const check = { kind: 'value', scope: 's', key: 'k', value: wanted } as const;
    const asking = conflict(app, { checks: [check] });
    wanted.deep.n = 2;
    const [failure] = (await asking).failures;
    const shown = failure!.check as { value: unknown };
    const value = shown.value instanceof StoredValue ? shown.value.decode() : shown.value;
    expect(value).toEqual({ deep: { n: 1 } });
  });

  contract.test('a stored value may be written back as it was read', async (world) => {
    const { app } = await world.start();
    await write(app, set('json', { a: [1, null] }), set('bytes', Uint8Array.of(0, 255)));
    for (const { key, value } of await scanAll(app, { scope: 's' })) {
      await write(app, set(`copy of ${key}`, value));
    }
    expect(await valueOf(app, 'copy of json')).toEqual({ a: [1, null] });
    expect(await valueOf(app, 'copy of bytes')).toEqual(Uint8Array.of(0, 255));
  });

  contract.test(
    'operations build on a value without reaching into what others hold',
    async (world) => {
      const { app } = await world.start();
      await write(app, set('k', { list: [{ n: 0 }] }));
      const operations = [{ op: 'increment', path: ['list', 0, 'n'] }];
      const update = { kind: 'update', scope: 's', key: 'k', operations } as never;
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => commit(app, { mutations: [update], returns: 'values' })),
      );
      const seen = answers.map(({ results }) => [
        results[0]!.previous!.decode(),
        results[0]!.value!.decode(),
      ]);
      const state = (n: number) => ({ list: [{ n }] });
      expect(seen).toEqual([0, 1, 2, 3, 4].map((n) => [state(n), state(n + 1)]));
    },
  );
}
