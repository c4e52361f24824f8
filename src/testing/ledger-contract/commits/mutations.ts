/** What each mutation does to an entry, and what its result says. */
import { expect } from 'vitest';
import {
  commit,
  drop,
  entryOf,
  increment,
  logOf,
  revisionOf,
  set,
  told,
  valueOf,
  write,
} from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

export function mutationsContract(contract: LedgerContract): void {
  single(contract);
  results(contract);
  folding(contract);
  nothing(contract);
}

function single(contract: LedgerContract): void {
  contract.test('set makes an entry with all that an entry has', async (world) => {
    const { app, clock } = await world.start();
    const value = { name: 'Zoë' };
    const { position, time } = await write(app, set('ключ', value, { ttlMs: 500, schema: 3 }));
    const { value: stored, ...head } = (await entryOf(app, 'ключ'))!;
    expect(head).toEqual({
      scope: 's',
      key: 'ключ',
      version: position.revision,
      createdAt: clock.now(),
      updatedAt: clock.now(),
      expiresAt: clock.now() + 500,
      schema: 3,
      size: Buffer.byteLength('ключ') + Buffer.byteLength(JSON.stringify(value)),
    });
    expect([stored.decode(), time]).toEqual([value, clock.now()]);
  });

  contract.test(
    'set over an entry keeps createdAt and forgets expiry and schema',
    async (world) => {
      const { app, clock } = await world.start();
      await write(app, set('k', 1, { ttlMs: 500, schema: 3 }));
      const first = (await entryOf(app, 'k'))!;
      clock.advance(10);
      const { position } = await write(app, set('k', 2));
      expect(await entryOf(app, 'k')).toMatchObject({
        version: position.revision,
        createdAt: first.createdAt,
        updatedAt: first.createdAt + 10,
        expiresAt: undefined,
        schema: 0,
      });
    },
  );

  contract.test('set with keep leaves the expiry as it was', async (world) => {
    const { app, clock } = await world.start();
    await write(app, set('k', 1, { ttlMs: 500 }));
    const { expiresAt } = (await entryOf(app, 'k'))!;
    clock.advance(10);
    await write(app, set('k', 2, { ttlMs: 'keep' }), set('new', 2, { ttlMs: 'keep' }));
    expect((await entryOf(app, 'k'))!.expiresAt).toBe(expiresAt);
    expect((await entryOf(app, 'new'))!.expiresAt).toBeUndefined();
  });

  contract.test('delete removes an entry; made anew it has a new createdAt', async (world) => {
    const { app, clock } = await world.start();
    await write(app, set('k', 1));
    await write(app, drop('k'));
    expect(await entryOf(app, 'k')).toBeUndefined();
    clock.advance(10);
    await write(app, set('k', 1));
    expect((await entryOf(app, 'k'))!.createdAt).toBe(clock.now());
  });

  contract.test('touch changes expiry and version and nothing else', async (world) => {
    const { app, clock } = await world.start();
    await write(app, set('k', { a: 1 }, { schema: 2 }));
    const first = (await entryOf(app, 'k'))!;
    clock.advance(5);
    const touch = { kind: 'touch', scope: 's', key: 'k' } as const;
    const { position } = await write(app, { ...touch, ttlMs: 100 });
    const touched = (await entryOf(app, 'k'))!;
    expect(touched).toEqual({
      ...first,
      version: position.revision,
      updatedAt: clock.now(),
      expiresAt: clock.now() + 100,
      value: touched.value,
    });
    expect(touched.value.decode()).toEqual({ a: 1 });
    await write(app, { ...touch, ttlMs: null });
    expect((await entryOf(app, 'k'))!.expiresAt).toBeUndefined();
  });

  contract.test('update keeps expiry and schema unless it names others', async (world) => {
    const { app, clock } = await world.start();
    await write(app, set('n', 1, { ttlMs: 500, schema: 4 }));
    const { expiresAt } = (await entryOf(app, 'n'))!;
    clock.advance(5);
    await write(app, increment('n'));
    expect(await entryOf(app, 'n')).toMatchObject({ expiresAt, schema: 4 });
    await write(app, { ...increment('n'), ttlMs: 50, schema: 5 } as never);
    expect(await entryOf(app, 'n')).toMatchObject({ expiresAt: clock.now() + 50, schema: 5 });
    await write(app, { ...increment('n'), ttlMs: null } as never);
    expect(await entryOf(app, 'n')).toMatchObject({ expiresAt: undefined, schema: 5 });
    expect(await valueOf(app, 'n')).toBe(4);
  });

  contract.test('bytes come back as the bytes they were, the empty ones too', async (world) => {
    const { app } = await world.start();
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    await write(app, set('all', all), set('none', new Uint8Array()), set('large', all.slice(1)));
    expect(await valueOf(app, 'all')).toEqual(all);
    expect(await valueOf(app, 'none')).toEqual(new Uint8Array());
  });

  contract.test('names that mean something to JavaScript are names like others', async (world) => {
    const { app } = await world.start();
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    for (const name of names) await write(app, set(name, name, { scope: name }));
    for (const name of names) expect(await valueOf(app, name, name)).toBe(name);
    expect(await valueOf(app, '__proto__', 'constructor')).toBeUndefined();
  });
}

function results(contract: LedgerContract): void {
  contract.test('there is one result for each mutation, in order', async (world) => {
    const { app } = await world.start();
    await write(app, set('old', 1), set('gone', 1));
    const { results, position } = await write(
      app,
      set('new', 1),
      set('old', 2),
      drop('gone'),
      drop('never'),
      { kind: 'touch', scope: 's', key: 'never', ttlMs: 5 },
      increment('old'),
    );
    const version = position.revision;
    expect(results).toEqual([
      { change: 'created', version },
      { change: 'updated', version },
      { change: 'deleted', version: 0 },
      { change: 'none', version: 0 },
      { change: 'none', version: 0 },
      { change: 'updated', version },
    ]);
  });

  contract.test('with values a result has the value before and after', async (world) => {
    const { app } = await world.start();
    await write(app, set('old', { v: 1 }), set('n', 41), set('gone', null));
    const { results } = await commit(app, {
      returns: 'values',
      mutations: [set('old', { v: 2 }), increment('n'), drop('gone'), set('new', 'x'), drop('no')],
    });
    const seen = results.map(({ previous, value }) => [previous?.decode(), value?.decode()]);
    expect(seen).toEqual([
      [{ v: 1 }, { v: 2 }],
      [41, 42],
      [null, undefined],
      [undefined, 'x'],
      [undefined, undefined],
    ]);
  });

  contract.test('with values a result has large values in full', async (world) => {
    const { app } = await world.start();
    const [one, two] = ['1'.repeat(9000), '2'.repeat(9000)];
    await write(app, set('k', one));
    const { results } = await commit(app, { returns: 'values', mutations: [set('k', two)] });
    const [result] = results;
    expect([result?.previous?.decode(), result?.value?.decode()]).toEqual([one, two]);
    const dropped = await commit(app, { returns: 'values', mutations: [drop('k')] });
    expect(dropped.results[0]?.previous?.decode()).toBe(two);
  });
}

function folding(contract: LedgerContract): void {
  contract.test('several mutations of one entry are one change of one commit', async (world) => {
    const { app } = await world.start();
    await write(app, set('n', 1));
    const { position, results } = await write(app, set('n', 5), increment('n'), increment('n'));
    expect(await valueOf(app, 'n')).toBe(7);
    const commits = await logOf(app);
    expect(told(commits)).toEqual(['created n 1', 'updated n 7 was 1']);
    expect(results.map(({ version }) => version)).toEqual(
      Array.from({ length: 3 }, () => position.revision),
    );
  });

  contract.test('an entry that a proposal makes and removes was never there', async (world) => {
    const { app } = await world.start();
    const before = await app.head();
    const { results } = await write(app, set('k', 1), drop('k'));
    expect(results).toEqual([
      { change: 'created', version: 0 },
      { change: 'deleted', version: 0 },
    ]);
    expect((await app.head()).position).toEqual(before.position);
    expect(await logOf(app)).toEqual([]);
  });

  contract.test('an entry that a proposal removes and makes anew is updated', async (world) => {
    const { app, clock } = await world.start();
    await write(app, set('k', 1));
    clock.advance(10);
    await write(app, drop('k'), set('k', 2));
    expect(told(await logOf(app))).toEqual(['created k 1', 'updated k 2 was 1']);
    expect((await entryOf(app, 'k'))!.createdAt).toBe(clock.now());
  });
}

function nothing(contract: LedgerContract): void {
  contract.test('what changes nothing takes no revision', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('k', 1));
    const idle = [
      {},
      { mutations: [] },
      { checks: [], mutations: [drop('never')] },
      { mutations: [{ kind: 'touch', scope: 's', key: 'never', ttlMs: 5 } as const] },
    ];
    for (const proposal of idle) {
      const receipt = await commit(app, proposal);
      expect(receipt.position).toEqual(position);
    }
    expect(await revisionOf(app)).toBe(position.revision);
    expect(await logOf(app)).toHaveLength(1);
  });

  contract.test('a set of the same value is a change all the same', async (world) => {
    const { app } = await world.start();
    const first = await write(app, set('k', 1));
    const second = await write(app, set('k', 1));
    expect(second.position.revision).toBe(first.position.revision + 1);
  });
}
