/**
 * The contract of a ledger as a test suite: `ledgerContract('mine', { open })`.
 *
 * The names of the tests are the guarantees of the state model, whichever engine is below and
 * whether or not a wire lies between. A test that a ledger cannot pass for a stated reason is
 * registered in `skip` by its name; a name in `skip` that no test has is an error.
 */
import { describe, it } from 'vitest';
import { atomicityContract } from './commits/atomicity.ts';
import { checksContract } from './commits/checks.ts';
import { LedgerContract } from './contract.ts';
import type { LedgerContractSetup } from './contract.ts';
import { closeContract } from './history/close.ts';
import { cursorsContract } from './state/cursors.ts';
import { detachmentContract } from './state/detachment.ts';
import { durabilityContract } from './commits/durability.ts';
import { erasureContract } from './history/erasure.ts';
import { expiryContract } from './state/expiry.ts';
import { groupsContract } from './commits/groups.ts';
import { idempotencyContract } from './commits/idempotency.ts';
import { inputContract } from './input/index.ts';
import { largeValuesContract } from './state/large-values.ts';
import { logContract } from './history/log.ts';
import { mutationsContract } from './commits/mutations.ts';
import { ownershipContract } from './commits/ownership.ts';
import { phantomsContract } from './commits/phantoms.ts';
import { pinsContract } from './history/pins.ts';
import { positionsContract } from './history/positions.ts';
import { quotasContract } from './state/quotas.ts';
import { rulesContract } from './state/rules.ts';
import { scansContract } from './state/scans.ts';
import { scopesContract } from './state/scopes.ts';
import { watchContract } from './history/watch.ts';

export type { LedgerContractSetup, OpenedLedgers } from './contract.ts';

const subjects: readonly (readonly [string, (contract: LedgerContract) => void])[] = [
  ['checks', checksContract],
  ['checks of a scope', phantomsContract],
  ['ownership', ownershipContract],
  ['mutations', mutationsContract],
  ['all or nothing', atomicityContract],
  ['idempotency', idempotencyContract],
  ['groups', groupsContract],
  ['durability', durabilityContract],
  ['bad input', inputContract],
  ['expiry', expiryContract],
  ['detachment', detachmentContract],
  ['large values', largeValuesContract],
  ['scans', scansContract],
  ['cursors', cursorsContract],
  ['scopes', scopesContract],
  ['quotas', quotasContract],
  ['rules', rulesContract],
  ['log', logContract],
  ['positions', positionsContract],
  ['watch', watchContract],
  ['pins', pinsContract],
  ['erasure', erasureContract],
  ['close', closeContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function ledgerContract(name: string, setup: LedgerContractSetup): void {
  describe(`ledger contract: ${name}`, () => {
    const contract = new LedgerContract(setup);
    for (const [subject, register] of subjects) {
      describe(subject, () => register(contract));
    }
    // The subjects register only after this function: a test can look at all of them.
    it('every reason to skip names a test of the suite', () => contract.refuseUnknownSkips());
  });
}
