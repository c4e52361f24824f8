/**
 * The contract of scopes as a test suite: `scopeContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe } from 'vitest';
import { LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { iterationContract } from './iteration.ts';
import { migrationContract } from './migration.ts';
import { quotasContract } from './quotas.ts';
import { readsContract } from './reads.ts';
import { schemaContract } from './schema.ts';
import { transactionReadsContract } from './transaction-reads.ts';
import { transactionsContract } from './transactions.ts';
import { updatesContract } from './updates.ts';
import { writesContract } from './writes.ts';

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['reads', readsContract],
  ['writes', writesContract],
  ['updates', updatesContract],
  ['quotas', quotasContract],
  ['iteration', iterationContract],
  ['schemas', schemaContract],
  ['migrations', migrationContract],
  ['transactions', transactionsContract],
  ['what a transaction sees', transactionReadsContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function scopeContract(name: string, setup: LayerContractSetup): void {
  describe(`scope contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
