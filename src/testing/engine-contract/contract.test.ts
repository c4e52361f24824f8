import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../errors/index.ts';
import { Contract } from './contract.ts';
import type { EngineContractSetup } from './contract.ts';

function setup(more: Partial<EngineContractSetup>): EngineContractSetup {
  return {
    open: () => Promise.reject(new HoldfastError('internal', 'a skipped test opens nothing')),
    supports: {
      shared: false,
      persistent: false,
      injectedClock: true,
      hints: true,
      grouped: true,
      faults: false,
    },
    ...more,
  };
}

const opensNothing = () => expect.unreachable('a skipped test ran');

describe('Contract', () => {
  const contract = new Contract(setup({ skip: { 'is left out': 'it shows how to skip' } }));
  contract.test('is left out', opensNothing);
  contract.testWith(['shared'], 'needs two handles', opensNothing);

  it('accepts a skip that names a test', () => {
    contract.refuseUnknownSkips();
  });

  it('refuses a skip that names no test, so that reasons do not outlive their tests', () => {
    const stale = new Contract(setup({ skip: { 'was renamed': 'long ago' } }));
    expect(() => stale.refuseUnknownSkips()).toThrow(/no test of the contract is named/);
  });
});
