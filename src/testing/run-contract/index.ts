/**
 * The contract of runs as a test suite: `runContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe } from 'vitest';
import { LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { appWritesContract } from './app-writes.ts';
import { checkpointsContract } from './checkpoints.ts';
import { conflictsContract } from './conflicts.ts';
import { forksContract } from './forks.ts';
import { isolationContract } from './isolation.ts';
import { ownersContract } from './owners.ts';
import { pruningContract } from './pruning.ts';
import { stateContract } from './state.ts';
import { transferContract } from './transfer.ts';

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['state in a step', stateContract],
  ['isolation', isolationContract],
  ['conflicts and policies', conflictsContract],
  ['writes to the app', appWritesContract],
  ['checkpoints', checkpointsContract],
  ['pruning', pruningContract],
  ['forks', forksContract],
  ['export and import', transferContract],
  ['owners', ownersContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function runContract(name: string, setup: LayerContractSetup): void {
  describe(`run contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
