/**
 * The contract of workflows as a test suite: `workflowContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe } from 'vitest';
import { LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { edgesContract } from './edges.ts';
import { failuresContract } from './failures.ts';
import { graphContract } from './graph.ts';
import { requestsContract } from './requests.ts';
import { resumingContract } from './resuming.ts';

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['edges and steps', edgesContract],
  ['requests', requestsContract],
  ['failures', failuresContract],
  ['resuming', resumingContract],
  ['graphs', graphContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function workflowContract(name: string, setup: LayerContractSetup): void {
  describe(`workflow contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
