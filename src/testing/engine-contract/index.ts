/**
 * The contract of an engine as a test suite: `engineContract('mine', { open, supports })`.
 *
 * The names of the tests are the guarantees. A test that an engine cannot pass for a stated reason
 * is registered in `skip` by its name; the reason is printed with it. A name in `skip` that no test
 * has is an error, so that reasons do not outlive their tests.
 *
 * The suite assumes nothing about how an engine works: `decide` may be called any number of times,
 * pages may be short, and, where `supports.faults` says so, answers may be lost.
 */
import { describe } from 'vitest';
import { closeContract } from './lifecycle/close.ts';
import { concurrencyContract } from './transactions/concurrency.ts';
import { Contract } from './contract.ts';
import type { EngineContractSetup } from './contract.ts';
import { expiryContract } from './storage/expiry.ts';
import { handlesContract } from './lifecycle/handles.ts';
import { hintsContract } from './lifecycle/hints.ts';
import { incarnationsContract } from './transactions/incarnations.ts';
import { logContract } from './storage/log.ts';
import { membersContract } from './lifecycle/members.ts';
import { readsContract } from './storage/reads.ts';
import { resolveContract } from './transactions/resolve.ts';
import { scansContract } from './storage/scans.ts';
import { scopesContract } from './storage/scopes.ts';
import { refusalsContract } from './transactions/refusals.ts';
import { timeContract } from './transactions/time.ts';
import { transactContract } from './transactions/transact.ts';
import { trimContract } from './storage/trim.ts';

export type { EngineContractSetup, EngineSupport } from './contract.ts';

const subjects: readonly (readonly [string, (contract: Contract) => void])[] = [
  ['reads', readsContract],
  ['scans', scansContract],
  ['transact', transactContract],
  ['refusals', refusalsContract],
  ['time', timeContract],
  ['log', logContract],
  ['trim and rewrite', trimContract],
  ['scopes', scopesContract],
  ['expiry', expiryContract],
  ['incarnations', incarnationsContract],
  ['resolve', resolveContract],
  ['members', membersContract],
  ['hints', hintsContract],
  ['handles', handlesContract],
  ['close', closeContract],
  ['concurrency', concurrencyContract],
];

/** Registers the suite for one engine. Call it at the top level of a test file. */
export function engineContract(name: string, setup: EngineContractSetup): void {
  describe(`engine contract: ${name}`, () => {
    const contract = new Contract(setup);
    for (const [subject, register] of subjects) {
      describe(subject, () => register(contract));
    }
    contract.refuseUnknownSkips();
  });
}
