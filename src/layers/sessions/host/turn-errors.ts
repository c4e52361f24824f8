/** What can be wrong with a turn, and with what a worker answers. */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { StoredSession } from '../stored-session.ts';

/** What a worker can cause; everything else is the store's or our own. */
const faultsOfAnswers = new Set([
  'protocol',
  'state_mismatch',
  'invalid_value',
  'invalid_argument',
  'invalid_operation',
  'operation_failed',
]);

export function isFaultOfAnswer(error: unknown): boolean {
  return !isHoldfastError(error) || faultsOfAnswers.has(error.code);
}

export function wrongVersion({ name }: StoredSession): HoldfastError {
  return new HoldfastError('state_mismatch', `the answer is of another version of '${name}'`);
}

export function overtakenBy({ name }: StoredSession): HoldfastError {
  return new HoldfastError('contended', `others changed session '${name}' in every attempt`, {
    details: { session: name },
  });
}

export function damaged({ name }: StoredSession): HoldfastError {
  const text = `the stored state of session '${name}' is not the one that its hash names`;
  return new HoldfastError('store_corrupt', text, { details: { session: name } });
}
