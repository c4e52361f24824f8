/**
 * The contract of lists as a test suite: `listContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe } from 'vitest';
import { LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { appendsContract } from './appends.ts';
import { listLifeContract } from './life.ts';
import { listReadsContract } from './reads.ts';

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['appends', appendsContract],
  ['reads', listReadsContract],
  ['trimming and expiry', listLifeContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function listContract(name: string, setup: LayerContractSetup): void {
  describe(`list contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
