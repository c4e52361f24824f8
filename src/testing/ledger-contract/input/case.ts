/** One wrong thing to hand in: its name, the code of the error it must meet, and the call. */
import { expect } from 'vitest';
import type { ErrorCode } from '../../../errors/index.ts';
import type { Ledger } from '../../../ledger/index.ts';
import { refusal, set, write } from '../acts.ts';

/** Whatever JavaScript lets through where types do not. */
export type Wrong = never;

export type Case = readonly [string, ErrorCode, (ledger: Ledger) => unknown];

export function mutation(name: string, code: ErrorCode, wrong: unknown): Case {
  const mutations = [set('before', 1), wrong as Wrong];
  return [name, code, (ledger) => ledger.commit({ mutations })];
}

export function check(name: string, code: ErrorCode, wrong: unknown): Case {
  const proposal = { checks: [wrong as Wrong], mutations: [set('before', 1)] };
  return [name, code, (ledger) => ledger.commit(proposal)];
}

export function value(name: string, wrong: unknown, path: string): Case {
  return [
    name,
    'invalid_value',
    async (ledger) => {
      const error = await refusal('invalid_value', () => write(ledger, set('k', wrong)));
      expect(JSON.stringify([error.message, error.details])).toContain(path);
      throw error;
    },
  ];
}

export function operation(name: string, code: ErrorCode, wrong: unknown): Case {
  return mutation(name, code, { kind: 'update', scope: 's', key: 'k', operations: [wrong] });
}

export function proposal(name: string, code: ErrorCode, wrong: unknown): Case {
  return [name, code, (ledger) => ledger.commit(wrong as Wrong)];
}

export function many(count: number, make: (index: number) => unknown): never[] {
  return Array.from({ length: count }, (_, index) => make(index)) as never[];
}
