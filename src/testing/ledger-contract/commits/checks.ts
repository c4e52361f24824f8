/** Checks on single entries: what holds, what fails, and what a conflict says. */
import { expect } from 'vitest';
import type { Check } from '../../../ledger/index.ts';
import { commit, conflict, drop, entryOf, revisionOf, set, valueOf, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

function version(key: string, wanted: number): Check {
  return { kind: 'version', scope: 's', key, version: wanted };
}

function value(key: string, wanted: unknown): Check {
  return { kind: 'value', scope: 's', key, value: wanted };
}

export function checksContract(contract: LedgerContract): void {
  versions(contract);
  values(contract);
  conflicts(contract);
}

function versions(contract: LedgerContract): void {
  contract.test('version 0 holds only where there is no entry', async (world) => {
    const { app } = await world.start();
    const guarded = { checks: [version('k', 0)], mutations: [set('k', 1)] };
    const first = await commit(app, guarded);
    const { failures } = await conflict(app, guarded);
    expect(failures).toEqual([
      { index: 0, check: version('k', 0), actual: first.position.revision },
    ]);
    await write(app, drop('k'));
    await commit(app, guarded);
  });

  contract.test('a version holds only if it is exactly that of the entry', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 1));
    const { version: now } = (await entryOf(app, 'k'))!;
    for (const wrong of [now - 1, now + 1, Number.MAX_SAFE_INTEGER]) {
      const { failures } = await conflict(app, { checks: [version('k', wrong)] });
      expect(failures.map(({ actual }) => actual)).toEqual([now]);
    }
    await commit(app, { checks: [version('k', now)] });
  });

  contract.test('an entry made anew with the same value has another version', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 1));
    const { version: first } = (await entryOf(app, 'k'))!;
    await write(app, drop('k'));
    await write(app, set('k', 1));
    const { failures } = await conflict(app, { checks: [version('k', first)] });
    expect(failures[0]?.actual).toBe((await entryOf(app, 'k'))!.version);
  });

  contract.test('a check on an entry that is gone names version 0', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 1));
    await write(app, drop('k'));
    const checks = [version('k', 1), value('k', 1), version('never', 7)];
    const { failures } = await conflict(app, { checks });
    expect(failures.map(({ actual }) => actual)).toEqual([0, 0, 0]);
  });
}

function values(contract: LedgerContract): void {
  contract.test('values are compared by structure, not by text', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', { a: 1, b: { c: [1, 2], d: null } }));
    await commit(app, { checks: [value('k', { b: { d: null, c: [1, 2] }, a: 1 })] });
    const others = [{ a: 1 }, { a: 1, b: { c: [2, 1], d: null } }, { a: 1, b: { c: [1, 2] } }];
    for (const other of others) await conflict(app, { checks: [value('k', other)] });
  });

  contract.test('a stored null equals null and differs from absence', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', null));
    await commit(app, { checks: [value('k', null)] });
    await conflict(app, { checks: [value('absent', null)] });
    await conflict(app, { checks: [version('k', 0)] });
    expect((await entryOf(app, 'k'))!.value.decode()).toBeNull();
  });

  contract.test('bytes equal the same bytes only, never a text that spells them', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', Uint8Array.of(49, 50)), set('n', 12), set('t', 'MTI='));
    await commit(app, { checks: [value('k', Uint8Array.of(49, 50))] });
    for (const other of [12, '12', 'MTI=', Uint8Array.of(49), Uint8Array.of(49, 51)]) {
      await conflict(app, { checks: [value('k', other)] });
    }
    await conflict(app, { checks: [value('n', Uint8Array.of(49, 50))] });
  });

  contract.test('a large value is compared in full', async (world) => {
    const { app } = await world.start();
    const large = { text: 'x'.repeat(10_000), last: 1 };
    await write(app, set('k', large));
    await commit(app, { checks: [value('k', large)] });
    await conflict(app, { checks: [value('k', { ...large, last: 2 })] });
    const update = { kind: 'update', scope: 's', key: 'k' } as const;
    await write(app, { ...update, operations: [{ op: 'set', path: ['last'], value: 2 }] });
    await commit(app, { checks: [value('k', { ...large, last: 2 })] });
  });
}

function conflicts(contract: LedgerContract): void {
  contract.test('a conflict names each failed check, and only those', async (world) => {
    const { app } = await world.start();
    await write(app, set('a', 1), set('b', 2));
    const { version: now } = (await entryOf(app, 'b'))!;
    const checks = [version('a', 99), value('a', 1), version('b', 0), value('c', 3)];
    const { failures, position } = await conflict(app, { checks, mutations: [set('a', 9)] });
    expect(failures.map(({ index, actual }) => [index, actual])).toEqual([
      [0, now],
      [2, now],
      [3, 0],
    ]);
    expect(position).toEqual((await app.head()).position);
  });

  contract.test('a conflict changes nothing and takes no revision', async (world) => {
    const { app } = await world.start();
    await write(app, set('a', 1));
    const before = await app.head();
    const mutations = [set('a', 2), set('b', 3)];
    await conflict(app, { checks: [version('a', 77)], mutations });
    expect(await app.head()).toEqual(before);
    expect([await valueOf(app, 'a'), await valueOf(app, 'b')]).toEqual([1, undefined]);
  });

  contract.test(
    'checks are judged on the state before the proposal’s own writes',
    async (world) => {
      const { app } = await world.start();
      await commit(app, { checks: [version('k', 0)], mutations: [set('k', 1), set('k', 2)] });
      await commit(app, { checks: [value('k', 2)], mutations: [drop('k')] });
      expect(await valueOf(app, 'k')).toBeUndefined();
    },
  );

  contract.test('of proposals that wait together only the first wins a version', async (world) => {
    const { app } = await world.start();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        app.commit({ checks: [version('k', 0)], mutations: [set('k', index)] }),
      ),
    );
    const won = answers.filter(({ kind }) => kind === 'committed');
    expect(won).toHaveLength(1);
    const { version: now } = (await entryOf(app, 'k'))!;
    for (const answer of answers) {
      if (answer.kind === 'conflict') expect(answer.failures[0]?.actual).toBe(now);
    }
    expect(await revisionOf(app)).toBe(now);
  });

  contract.test(
    'a proposal of checks alone commits nothing and says where they held',
    async (world) => {
      const { app } = await world.start();
      const written = await write(app, set('k', 1));
      const receipt = await commit(app, { checks: [value('k', 1)] });
      expect(receipt.position).toEqual(written.position);
      expect(receipt.results).toEqual([]);
    },
  );
}
