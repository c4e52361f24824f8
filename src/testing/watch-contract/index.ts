/**
 * The contract of watches as a test suite: `watchContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe } from 'vitest';
import { LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { watchCrowdContract } from './crowd.ts';
import { watchEndContract } from './ends.ts';
import { watchFollowingContract } from './following.ts';
import { watchInputContract } from './input.ts';
import { watchSnapshotContract } from './snapshots.ts';

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['following', watchFollowingContract],
  ['snapshots', watchSnapshotContract],
  ['ends', watchEndContract],
  ['crowds', watchCrowdContract],
  ['input', watchInputContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function watchContract(name: string, setup: LayerContractSetup): void {
  describe(`watch contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
