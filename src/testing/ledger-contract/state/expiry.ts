/** Expiry is exact: from its millisecond on an entry is gone for everybody, and is told once. */
import { expect } from 'vitest';
import { origin } from '../../../ledger/index.ts';
import {
  commit,
  conflict,
  drop,
  entryOf,
  increment,
  keysOf,
  logOf,
  runDuties,
  scanAll,
  set,
  told,
  valueOf,
  write,
} from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

export function expiryContract(contract: LedgerContract): void {
  visibility(contract);
  telling(contract);
}

function visibility(contract: LedgerContract): void {
  contract.test('an entry lives up to the millisecond before its end', async (world) => {
    const { app, clock } = await world.start();
    await write(app, set('dies', 1, { ttlMs: 100 }), set('lives', 2));
    const names = async () => (await app.scopes()).items.map(({ scope }) => scope);
    await write(app, set('only', 1, { scope: 'brief', ttlMs: 100 }));
    clock.advance(99);
    expect((await entryOf(app, 'dies'))?.expiresAt).toBe(clock.now() + 1);
    expect(await keysOf(app, { scope: 's' })).toEqual(['dies', 'lives']);
    expect(await names()).toEqual(['brief', 's']);
    expect((await app.scope('s')).entries).toBe(2);
    clock.advance(1);
    expect(await entryOf(app, 'dies')).toBeUndefined();
    expect(await keysOf(app, { scope: 's' })).toEqual(['lives']);
    expect(await names()).toEqual(['s']);
    const { entries, bytes } = await app.scope('s');
    expect([entries, bytes]).toEqual([1, (await entryOf(app, 'lives'))!.size]);
    expect(await app.scope('brief')).toMatchObject({ entries: 0, bytes: 0 });
  });

  contract.test('the dead are absent for checks', async (world) => {
    const { app, clock } = await world.start();
    const { position } = await write(app, set('k', 'old', { ttlMs: 100 }));
    clock.advance(100);
    const at = { scope: 's', key: 'k' };
    const checks = [
      { kind: 'version', ...at, version: position.revision } as const,
      { kind: 'value', ...at, value: 'old' } as const,
    ];
    const { failures } = await conflict(app, { checks });
    expect(failures.map(({ actual }) => actual)).toEqual([0, 0]);
    const absent = { kind: 'version', ...at, version: 0 } as const;
    await commit(app, { checks: [absent], mutations: [set('k', 'new')] });
    expect(await valueOf(app, 'k')).toBe('new');
  });

  contract.test('the dead are absent for every mutation', async (world) => {
    const { app, clock } = await world.start();
    const keys = ['set', 'keep', 'update', 'touch', 'delete'];
    await write(app, ...keys.map((key) => set(key, 41, { ttlMs: 100 })));
    clock.advance(100);
    const { results } = await commit(app, {
      returns: 'values',
      mutations: [
        set('set', 1),
        set('keep', 2, { ttlMs: 'keep' }),
        increment('update'),
        { kind: 'touch', scope: 's', key: 'touch', ttlMs: 1000 },
        drop('delete'),
      ],
    });
    expect(results.map(({ change, previous }) => [change, previous])).toEqual([
      ['created', undefined],
      ['created', undefined],
      ['created', undefined],
      ['none', undefined],
      ['none', undefined],
    ]);
    const entries = await scanAll(app, { scope: 's' });
    expect(entries.map(({ key, value }) => [key, value.decode()])).toEqual([
      ['keep', 2],
      ['set', 1],
      ['update', 1],
    ]);
    for (const { expiresAt, createdAt } of entries) {
      expect([expiresAt, createdAt]).toEqual([undefined, clock.now()]);
    }
  });

  contract.test(
    'a touch a millisecond early saves an entry, one on time does not',
    async (world) => {
      const { app, clock } = await world.start();
      const touch = (key: string) => ({ kind: 'touch', scope: 's', key, ttlMs: 100 }) as const;
      await write(app, set('early', 1, { ttlMs: 100 }), set('late', 1, { ttlMs: 100 }));
      clock.advance(99);
      await write(app, touch('early'));
      clock.advance(1);
      await write(app, touch('late'));
      expect(await keysOf(app, { scope: 's' })).toEqual(['early']);
      clock.advance(98);
      expect(await keysOf(app, { scope: 's' })).toEqual(['early']);
      clock.advance(1);
      expect(await keysOf(app, { scope: 's' })).toEqual([]);
    },
  );

  contract.test('a clock that is turned back brings nothing back that was swept', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    await write(app, set('k', 1, { ttlMs: 100 }));
    clock.advance(100);
    await runDuties(opened);
    clock.set(clock.now() - 1000);
    expect(await entryOf(app, 'k')).toBeUndefined();
    expect(await keysOf(app, { scope: 's' })).toEqual([]);
    expect((await app.scope('s')).entries).toBe(0);
  });
}

function telling(contract: LedgerContract): void {
  contract.test('each expiry is one commit of its own, told once', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    await write(app, set('a', 1, { ttlMs: 100 }), set('b', 2, { ttlMs: 200 }), set('c', 3));
    const { position } = await app.head();
    clock.advance(250);
    await runDuties(opened);
    await runDuties(opened);
    const commits = await logOf(app, {}, position);
    expect(told(commits)).toEqual(['expired a was 1', 'expired b was 2']);
    expect(commits.map(({ changes }) => changes.length)).toEqual([1, 1]);
    expect(commits[0]!.changes[0]!.expiresAt).toBe(commits[0]!.time - 150);
  });

  contract.test('a commit that meets a dead entry first tells its end', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    await write(app, set('k', 'old', { ttlMs: 100 }));
    clock.advance(100);
    const { position } = await write(app, set('k', 'new'));
    await runDuties(opened);
    const commits = await logOf(app);
    expect(told(commits)).toEqual(['created k "old"', 'expired k was "old"', 'created k "new"']);
    expect(commits.at(-1)!.position).toEqual(position);
  });

  contract.test('a check that meets a dead entry tells its end too', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    await write(app, set('k', 1, { ttlMs: 100 }));
    clock.advance(100);
    const check = { kind: 'value', scope: 's', key: 'k', value: 1 } as const;
    const { position } = await conflict(app, { checks: [check] });
    await runDuties(opened);
    const commits = await logOf(app);
    expect(told(commits)).toEqual(['created k 1', 'expired k was 1']);
    expect(commits.at(-1)!.position).toEqual(position);
  });

  contract.test('commits and sweeps at once tell every end once, in log order', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    const keys = Array.from({ length: 600 }, (_, index) => `k${index}`);
    await write(app, ...keys.map((key) => set(key, 0, { ttlMs: 50 })));
    clock.advance(50);
    const writing = keys
      .filter((_, index) => index % 3 === 0)
      .map((key) => write(app, set(key, 1)));
    await Promise.all([runDuties(opened), ...writing, runDuties(opened)]);
    const alive = new Set<string>();
    let expired = 0;
    for (const { changes } of await logOf(app)) {
      for (const { kind, key } of changes) {
        expect(alive.has(key)).toBe(kind !== 'created');
        if (kind === 'created') alive.add(key);
        if (kind !== 'expired') continue;
        alive.delete(key);
        expired += 1;
      }
    }
    expect([expired, alive.size]).toEqual([600, 200]);
  });

  contract.test('the dead are swept in the background, every sweepMs', async (world) => {
    const { app, clock } = await world.start({ sweepMs: 250 });
    await write(app, set('k', 1, { ttlMs: 100 }));
    const count = async () => (await logOf(app, {}, origin)).length;
    await clock.pass(249);
    expect(await count()).toBe(1);
    for (let turn = 0; turn < 500 && (await count()) === 1; turn += 1) await clock.pass(250);
    expect(told(await logOf(app))).toEqual(['created k 1', 'expired k was 1']);
  });
}
