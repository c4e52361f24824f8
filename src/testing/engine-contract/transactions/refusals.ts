/** T3 with nothing to apply: a throw or a broken decision leaves everything as it was. */
import { expect } from 'vitest';
import type { Decision, Engine, Reads, Work } from '../../../engine/index.ts';
import { isHoldfastError } from '../../../errors/index.ts';
import type { Contract } from '../contract.ts';
import {
  commit,
  contentAt,
  decisionOf,
  newOptions,
  nothing,
  put,
  readOne,
  remove,
  workOf,
} from '../writing.ts';

const noReads: Reads = { refs: [], scopes: [] };

export function refusalsContract(contract: Contract): void {
  broken(contract);
  throwing(contract);
  ofSeveral(contract);
}

/** Runs a work that must be refused, and expects that the ledger stayed as it was. */
async function refuse(engine: Engine, decision: Decision): Promise<unknown> {
  const before = await engine.read('app', []);
  const work: Work = { ledger: 'app', reads: noReads, decide: () => decision };
  const error = await engine.transact([work], newOptions()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect((await engine.read('app', [])).head).toEqual(before.head);
  return error;
}

function broken(contract: Contract): void {
  const decisions: Readonly<Record<string, Decision>> = {
    'two puts to one address': decisionOf([put('s', 'x'), put('s', 'x', 'again')], []),
    'a put and a delete of one address': decisionOf([put('s', 'x'), remove('s', 'x')], []),
    'an offset of 0': decisionOf([put('s', 'x', '', { offset: 0 })], []),
    'an offset above the revisions': decisionOf([put('s', 'x', '', { offset: 3 })], [], {
      revisions: 2,
    }),
    'a fractional offset': decisionOf([put('s', 'x', '', { offset: 1.5 })], [], { revisions: 2 }),
    'a write without a revision': { ...nothing, writes: [remove('s', 'x')] },
    'a scope offset above the revisions': {
      ...decisionOf([put('s', 'x')], []),
      scopes: [{ scope: 's', entries: 1, bytes: 1, offset: 2 }],
    },
    'a negative number of revisions': { ...nothing, revisions: -1 },
  };
  for (const [what, decision] of Object.entries(decisions)) {
    contract.test(`a broken decision is refused and changes nothing: ${what}`, async (world) => {
      const engine = await world.open();
      await commit(engine, 'app', [put('s', 'a')]);
      const error = await refuse(engine, decision);
      expect(error).toMatchObject({ code: 'internal' });
      expect(await readOne(engine, 'app', 's', 'x')).toBeUndefined();
    });
  }
}

function throwing(contract: Contract): void {
  contract.test('a decide that throws changes nothing and its error comes out', async (world) => {
    const engine = await world.open();
    const failure = new Error('decide failed');
    const throwing: Work = {
      ledger: 'app',
      reads: noReads,
      decide() {
        throw failure;
      },
    };
    const call = engine.transact([throwing], newOptions());
    await expect(call).rejects.toBe(failure);
    expect(await engine.ledgers()).toEqual([]);
    await commit(engine, 'app', [put('s', 'a', 'after')]);
    expect(await contentAt(engine, 'app', 's', 'a')).toBe('after');
  });

  contract.test('a decide that throws after a need changes nothing', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a')]);
    const failure = new Error('decide failed');
    const work: Work = {
      ledger: 'app',
      reads: noReads,
      decide(view) {
        if (view.entries.length > 0) throw failure;
        return { kind: 'need', reads: { refs: [{ scope: 's', key: 'a' }], scopes: [] } };
      },
    };
    await expect(engine.transact([work], newOptions())).rejects.toBe(failure);
    expect((await engine.read('app', [])).head.revision).toBe(1);
  });
}

function ofSeveral(contract: Contract): void {
  contract.testWith(
    ['grouped'],
    'if one decide of a call throws, no work of the call is applied',
    async (world) => {
      const engine = await world.open();
      const failure = new Error('decide failed');
      const throwing: Work = {
        ledger: 'b',
        reads: noReads,
        decide() {
          throw failure;
        },
      };
      for (const works of [
        [workOf('a', [put('s', 'k')]), throwing],
        [throwing, workOf('a', [put('s', 'k')])],
      ]) {
        await expect(engine.transact(works, newOptions())).rejects.toBe(failure);
      }
      expect(await engine.ledgers()).toEqual([]);
    },
  );

  contract.testWith(
    ['grouped'],
    'if one decision of a call is broken, no work of the call is applied',
    async (world) => {
      const engine = await world.open();
      const broken: Work = {
        ledger: 'b',
        reads: noReads,
        decide: () => decisionOf([put('s', 'x', '', { offset: 9 })], []),
      };
      const call = engine.transact([workOf('a', [put('s', 'k')]), broken], newOptions());
      await expect(call).rejects.toSatisfy((error) => isHoldfastError(error, 'internal'));
      expect(await engine.ledgers()).toEqual([]);
    },
  );

  contract.test('a call holds one work, unless ledgers are grouped', async (world) => {
    const engine = await world.open();
    expect(engine.grouping).toBe(contract.supports.grouped ? 'store' : 'ledger');
    if (contract.supports.grouped) return;
    const works = ['a', 'b'].map((ledger) => workOf(ledger, [put('s', 'k')]));
    const call = engine.transact(works, newOptions());
    await expect(call).rejects.toSatisfy((error) => isHoldfastError(error, 'internal'));
    expect(await engine.ledgers()).toEqual([]);
  });
}
