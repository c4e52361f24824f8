/**
 * The contract of the recipes as a test suite: `recipeContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe } from 'vitest';
import { LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { cacheContract } from './cache.ts';
import { cachedScopeContract } from './cached-scope.ts';
import { computationContract } from './computation.ts';
import { counterContract } from './counter.ts';
import { idempotencyContract } from './idempotency.ts';
import { locksContract } from './locks.ts';
import { rateLimiterContract } from './rate-limiter.ts';
import { sessionStoreContract } from './session-store.ts';

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['counter', counterContract],
  ['cache', cacheContract],
  ['who computes', computationContract],
  ['session store', sessionStoreContract],
  ['rate limiter', rateLimiterContract],
  ['locks', locksContract],
  ['idempotency', idempotencyContract],
  ['cached scope', cachedScopeContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function recipeContract(name: string, setup: LayerContractSetup): void {
  describe(`recipe contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
