/** The expiry index: which entries are due, over all ledgers, by the moment given. */
import { expect } from 'vitest';
import type { Contract } from '../contract.ts';
import { commit, put, readOne, remove } from '../writing.ts';

export function expiryContract(contract: Contract): void {
  contract.test('due names entries of any ledger, earliest first', async (world) => {
    const engine = await world.open();
    await commit(engine, 'a', [
      put('s', 'k1', '', { expiresAt: 300 }),
      put('s', 'k2', '', { expiresAt: 100 }),
      put('s', 'forever', ''),
    ]);
    await commit(engine, 'b', [put('t', 'k3', '', { expiresAt: 200 })]);
    await commit(engine, 'b', [put('$ledger/x', 'k4', '', { expiresAt: 400 })]);
    expect(await engine.due(1000, 10)).toEqual([
      { ledger: 'a', scope: 's', key: 'k2', expiresAt: 100 },
      { ledger: 'b', scope: 't', key: 'k3', expiresAt: 200 },
      { ledger: 'a', scope: 's', key: 'k1', expiresAt: 300 },
      { ledger: 'b', scope: '$ledger/x', key: 'k4', expiresAt: 400 },
    ]);
  });

  contract.test('an entry is due from its millisecond on', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'k', '', { expiresAt: 1000 })]);
    expect(await engine.due(999, 10)).toEqual([]);
    expect(await engine.due(1000, 10)).toHaveLength(1);
  });

  contract.test('due names at most limit entries, the earliest ones', async (world) => {
    const engine = await world.open();
    const changes = Array.from({ length: 30 }, (_, index) =>
      put('s', `k${index}`, '', { expiresAt: 1000 - index }),
    );
    await commit(engine, 'app', changes);
    await commit(engine, 'other', [put('s', 'k', '', { expiresAt: 972 })]);
    const due = await engine.due(2000, 4);
    expect(due.map(({ expiresAt }) => expiresAt)).toEqual([971, 972, 972, 973]);
    expect(new Set(due.map(({ ledger }) => ledger))).toEqual(new Set(['app', 'other']));
  });

  contract.test('what was deleted or written anew is due no more', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [
      put('s', 'deleted', '', { expiresAt: 100 }),
      put('s', 'kept', '', { expiresAt: 100 }),
      put('s', 'prolonged', '', { expiresAt: 100 }),
      put('s', 'shortened', '', { expiresAt: 5000 }),
    ]);
    await commit(engine, 'app', [
      remove('s', 'deleted'),
      put('s', 'kept', ''),
      put('s', 'prolonged', '', { expiresAt: 5000 }),
      put('s', 'shortened', '', { expiresAt: 50 }),
    ]);
    expect(await engine.due(1000, 10)).toEqual([
      { ledger: 'app', scope: 's', key: 'shortened', expiresAt: 50 },
    ]);
  });

  contract.test('an engine removes nothing by itself', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'k', 'kept', { expiresAt: 1 })]);
    await engine.due(1000, 10);
    await commit(engine, 'app', [put('s', 'other')]);
    expect(await readOne(engine, 'app', 's', 'k')).toMatchObject({ content: 'kept', expiresAt: 1 });
    expect(await engine.due(1000, 10)).toHaveLength(1);
  });

  contract.test('long names and astral keys come back whole', async (world) => {
    const engine = await world.open();
    const ref = { scope: 's'.repeat(256), key: '\u{1f600}'.repeat(256) };
    await commit(engine, 'app', [put(ref.scope, ref.key, '', { expiresAt: 7 })]);
    expect(await engine.due(7, 1)).toEqual([{ ledger: 'app', ...ref, expiresAt: 7 }]);
  });
}
