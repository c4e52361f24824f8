/** Incarnations: the id of a ledger's history. */
import { expect } from 'vitest';
import type { Contract } from '../contract.ts';
import { commit, nothing, put, run } from '../writing.ts';

export function incarnationsContract(contract: Contract): void {
  contract.test('the first commit starts the first incarnation, from revision 0', async (world) => {
    const engine = await world.open();
    const { incarnation } = await commit(engine, 'app', [put('s', 'a')], { revisions: 3 });
    expect(incarnation).not.toBe('');
    expect(await engine.incarnations('app')).toEqual([{ id: incarnation, from: 0 }]);
    expect((await engine.read('app', [])).head.incarnation).toBe(incarnation);
  });

  contract.test('later commits of the same history keep the incarnation', async (world) => {
    const engine = await world.open();
    const first = await commit(engine, 'app', [put('s', 'a')]);
    const second = await commit(engine, 'app', [put('s', 'a')]);
    expect(second.incarnation).toBe(first.incarnation);
    expect(await engine.incarnations('app')).toHaveLength(1);
  });

  contract.test('a decision without revisions starts no incarnation', async (world) => {
    const engine = await world.open();
    const reads = { refs: [], scopes: [] };
    const idle = await run(engine, { ledger: 'app', reads, decide: () => nothing });
    expect(idle.base).toBe(0);
    expect(await engine.incarnations('app')).toEqual([]);
    expect((await engine.read('app', [])).head.incarnation).toBe('');
  });

  contract.test('two stores are two histories', async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    const first = await commit(one, 'app', [put('s', 'a')]);
    const second = await commit(other, 'app', [put('s', 'a')]);
    expect(second.incarnation).not.toBe(first.incarnation);
    expect(second.base).toBe(0);
  });

  contract.test('changing what incarnations returned changes nothing', async (world) => {
    const engine = await world.open();
    const { incarnation } = await commit(engine, 'app', [put('s', 'a')]);
    try {
      Object.assign((await engine.incarnations('app'))[0]!, { id: 'other' });
    } catch {
      // A frozen answer keeps the promise too.
    }
    expect(await engine.incarnations('app')).toEqual([{ id: incarnation, from: 0 }]);
  });
}
