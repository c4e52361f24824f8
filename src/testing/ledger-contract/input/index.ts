/** Wrong input: one clear error from the table, whatever was handed in, and nothing applied. */
import { expect } from 'vitest';
import { isHoldfastError } from '../../../errors/index.ts';
import type { ErrorCode } from '../../../errors/index.ts';
import { limits } from '../../../ledger/index.ts';
import type { Ledger, LedgerHead } from '../../../ledger/index.ts';
import { set, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';
import { many } from './case.ts';
import type { Case } from './case.ts';
import { nameCases, reserved, tooLong } from './names.ts';
import { batches, shapes } from './proposals.ts';
import { questions } from './questions.ts';
import { operations, ttls, values } from './values.ts';

const subjects: readonly (readonly [string, readonly Case[]])[] = [
  ['names', nameCases],
  ['reserved scopes', reserved],
  ['names over their limits', tooLong],
  ['values that would not survive', values],
  ['times to live', ttls],
  ['operations', operations],
  ['shapes', shapes],
  ['batches', batches],
  ['questions', questions],
];

export function inputContract(contract: LedgerContract): void {
  for (const [subject, cases] of subjects) {
    contract.test(`wrong ${subject}: one clear error each, nothing applied`, async (world) => {
      const { app } = await world.start();
      await write(app, set('there', 1));
      const before: LedgerHead = await app.head();
      const found: string[] = [];
      for (const [name, code, act] of cases) {
        // All cases are tried, so that one run shows every one that goes wrong.
        const problem = await problemOf(act, code, app);
        if (problem !== undefined) found.push(`${name}: ${problem}`);
      }
      expect(found).toEqual([]);
      expect(await app.head()).toEqual(before);
    });
  }

  contract.test('the edges of the limits are inside', async (world) => {
    const { app } = await world.start();
    const key = 'k'.repeat(limits.keyBytes);
    const scope = 'é'.repeat(limits.scopeBytes / 2);
    await write(app, set(key, 1, { scope, ttlMs: limits.ttlMsMax }));
    await write(app, set('v', 'x'.repeat(limits.valueBytesDefault - 2)));
    await write(app, ...many(limits.mutationsPerProposal, (index) => set(`k${index}`, index)));
    const refs = many(limits.readRefs, (index) => ({ scope: 's', key: `k${index}` }));
    const entries = await app.read(refs);
    expect(entries.every((entry, index) => entry?.value.decode() === index)).toBe(true);
    expect((await app.scan({ scope: 's', limit: limits.scanLimitMax })).items).toHaveLength(1001);
  });
}

/** What is wrong with the answer; undefined if it is the refusal that it should be. */
async function problemOf(act: Case[2], code: ErrorCode, app: Ledger): Promise<string | undefined> {
  try {
    await act(app);
  } catch (error) {
    if (!isHoldfastError(error)) return `not an error of the table: ${String(error)}`;
    if (error.code !== code) return `${error.code}, not ${code}: ${error.message}`;
    return error.outcome === 'not-applied' ? undefined : `the outcome is ${error.outcome}`;
  }
  return 'not refused';
}
