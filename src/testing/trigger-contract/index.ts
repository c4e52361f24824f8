/**
 * The contract of triggers as a test suite: `triggerContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe } from 'vitest';
import { LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { deadLettersContract } from './dead-letters.ts';
import { deliveryContract } from './delivery.ts';
import { effectsContract } from './effects.ts';
import { triggerInputContract } from './input.ts';
import { triggerLifeContract } from './life.ts';
import { retriesContract } from './retries.ts';
import { takeoverContract } from './takeover.ts';

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['delivery', deliveryContract],
  ['effects', effectsContract],
  ['retries', retriesContract],
  ['dead letters', deadLettersContract],
  ['life', triggerLifeContract],
  ['takeover', takeoverContract],
  ['input', triggerInputContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function triggerContract(name: string, setup: LayerContractSetup): void {
  describe(`trigger contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
