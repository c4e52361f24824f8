/** T6: what became of a call whose answer was lost. These tests meet an engine's faults bare. */
import { expect } from 'vitest';
import type { Applied, Engine, Outcome, Stamp, Work } from '../../../engine/index.ts';
import type { Contract } from '../contract.ts';
import { patiently } from '../steady-engine.ts';
import { commit, contentAt, newStamp, put, readOne, workOf } from '../writing.ts';

async function transact(engine: Engine, works: Work[], stamp: Stamp): Promise<readonly Outcome[]> {
  return patiently(() => engine.transact(works, { stamp, durability: 'sync' }));
}

function resolve(engine: Engine, ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
  return patiently(() => engine.resolve(ledger, stamp));
}

export function resolveContract(contract: Contract): void {
  contract.test('resolve tells an applied call by its stamp', async (world) => {
    const engine = await world.open();
    const raw = world.raw(engine);
    for (let turn = 0; turn < 10; turn += 1) {
      const [stamp, key] = [newStamp(), `k${turn}`];
      const [outcome] = await transact(raw, [workOf('app', [put('s', key)])], stamp);
      const answer = await resolve(raw, 'app', stamp);
      if (outcome!.kind === 'applied') expect(answer).toEqual(outcome);
      const entry = await readOne(engine, 'app', 's', key);
      if (answer === 'not-applied') expect(entry).toBeUndefined();
      else expect(entry?.version).toBe(answer.base + 1);
      expect(await resolve(raw, 'app', stamp)).toEqual(answer);
    }
  });

  contract.test('resolve tells the same after other members went on', async (world) => {
    const engine = await world.open();
    const raw = world.raw(engine);
    const stamp = newStamp();
    await transact(raw, [workOf('app', [put('s', 'a')], { revisions: 3 })], stamp);
    const answer = await resolve(raw, 'app', stamp);
    await commit(engine, 'app', [put('s', 'b')]);
    expect(await resolve(raw, 'app', stamp)).toEqual(answer);
  });

  contract.test('a call that was never made is not applied, on any ledger', async (world) => {
    const engine = await world.open();
    const raw = world.raw(engine);
    await commit(engine, 'app', [put('s', 'a')]);
    expect(await resolve(raw, 'app', newStamp())).toBe('not-applied');
    expect(await resolve(raw, 'never-written', newStamp())).toBe('not-applied');
    expect(await engine.ledgers()).toEqual(['app']);
    expect((await engine.read('app', [])).head.revision).toBe(1);
  });

  contract.test('after not-applied the stamp is fenced', async (world) => {
    const engine = await world.open();
    const raw = world.raw(engine);
    const stamp = newStamp();
    expect(await resolve(raw, 'app', stamp)).toBe('not-applied');
    const late = workOf('app', [put('s', 'a')]);
    const applied = await transact(raw, [late], stamp).then(
      ([outcome]) => outcome!.kind === 'applied',
      () => false,
    );
    expect(applied).toBe(false);
    expect(await resolve(raw, 'app', stamp)).toBe('not-applied');
    expect(await readOne(engine, 'app', 's', 'a')).toBeUndefined();
    expect(await engine.ledgers()).toEqual([]);
  });

  contract.test('a fenced member goes on with its next stamp', async (world) => {
    const engine = await world.open();
    const { member } = newStamp();
    await resolve(engine, 'app', { member, sequence: 4 });
    const options = { stamp: { member, sequence: 5 }, durability: 'sync' as const };
    const [outcome] = await engine.transact([workOf('app', [put('s', 'a', 'next')])], options);
    expect(outcome).toMatchObject({ kind: 'applied', base: 0 });
    expect(await contentAt(engine, 'app', 's', 'a')).toBe('next');
  });

  contract.test('a fence holds one member on one ledger', async (world) => {
    const engine = await world.open();
    const stamp = newStamp();
    await resolve(engine, 'app', stamp);
    const options = { stamp, durability: 'sync' as const };
    await engine.transact([workOf('other', [put('s', 'a', 'here')])], options);
    expect(await contentAt(engine, 'other', 's', 'a')).toBe('here');
    await commit(engine, 'app', [put('s', 'a', 'there')]);
    expect(await contentAt(engine, 'app', 's', 'a')).toBe('there');
  });

  contract.testWith(['grouped'], 'each ledger of a call is resolved for itself', async (world) => {
    const engine = await world.open();
    const raw = world.raw(engine);
    await commit(engine, 'b', [put('s', 'x')]);
    const stamp = newStamp();
    const works = [workOf('a', [put('s', 'k')]), workOf('b', [put('s', 'k')])];
    const outcomes = await transact(raw, works, stamp);
    for (const [index, ledger] of ['a', 'b'].entries()) {
      const answer = await resolve(raw, ledger, stamp);
      const outcome = outcomes[index]!;
      if (outcome.kind === 'applied') expect(answer).toEqual(outcome);
      const entry = await readOne(engine, ledger, 's', 'k');
      expect(entry?.version).toBe(answer === 'not-applied' ? undefined : answer.base + 1);
    }
    expect(await resolve(raw, 'c', stamp)).toBe('not-applied');
  });

  contract.test(
    'a member that commits again and again is resolved at its last stamp',
    async (world) => {
      const engine = await world.open();
      const raw = world.raw(engine);
      const { member } = newStamp();
      let applied = 0;
      for (let sequence = 1; sequence <= 12; sequence += 1) {
        const stamp = { member, sequence };
        await transact(raw, [workOf('app', [put('s', 'k', `${sequence}`)])], stamp);
        const answer = await resolve(raw, 'app', stamp);
        if (answer === 'not-applied') continue;
        applied += 1;
        expect(answer.base).toBe(applied - 1);
        expect(await contentAt(engine, 'app', 's', 'k')).toBe(`${sequence}`);
      }
      expect((await engine.read('app', [])).head.revision).toBe(applied);
    },
  );
}
