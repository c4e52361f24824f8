/**
 * The contract of sessions as a test suite: `sessionContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe } from 'vitest';
import { LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { sessionOpaqueContract } from './opaque.ts';
import { sessionRoutingContract } from './routing.ts';
import { sessionSafetyContract } from './safety.ts';
import { sessionSyncContract } from './sync.ts';
import { sessionTurnsContract } from './turns.ts';

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['turns', sessionTurnsContract],
  ['what is sent', sessionSyncContract],
  ['safety', sessionSafetyContract],
  ['routing and following', sessionRoutingContract],
  ['opaque sessions', sessionOpaqueContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function sessionContract(name: string, setup: LayerContractSetup): void {
  describe(`session contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
