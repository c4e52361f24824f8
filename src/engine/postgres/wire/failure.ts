/**
 * What went wrong, in the words of the one error table, and what is known of it.
 *
 * F1. An ERROR of the server ends its transaction: nothing of it was applied.
 * F2. Anything else (a lost connection, no answer, FATAL) leaves what was sent in doubt.
 */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { ErrorCode } from '../../../errors/index.ts';

/** An error that the server has sent. */
interface ServerError extends Error {
  readonly code: string;
  readonly severity: string;
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error;
}

/** The connection is gone, and with it the answer; what the network said is its cause. */
export class LostConnection extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The SQLSTATE of an error that the server has sent. */
export function stateOf(error: unknown): string | undefined {
  return isServerError(error) ? error.code : undefined;
}

/** F1: the server has refused, and the connection is as good as before. */
export function isRefusal(error: unknown): boolean {
  return isServerError(error) && error.severity === 'ERROR';
}

/** Two transactions in each other's way; the same one again will do. */
export function isCollision(error: unknown): boolean {
  const state = stateOf(error);
  return state === '40001' || state === '40P01';
}

export function isLockTimeout(error: unknown): boolean {
  return stateOf(error) === '55P03';
}

/** A pooler that knows no settings to start with. */
export function isStartRefusal(error: unknown): boolean {
  return stateOf(error) === '08P01' && /startup parameter/.test(String(error));
}

type Explanation = readonly [code: ErrorCode, message: string];

/** By SQLSTATE, and by its first two characters (the class). */
const explanations: Readonly<Record<string, Explanation>> = {
  '28': ['invalid_argument', 'the server refuses the user or the password'],
  '3D': ['store_missing', 'there is no such database'],
  '3F': ['store_missing', 'the schema of the store is gone'],
  '42P01': ['store_missing', 'a table of the store is gone'],
  '25006': ['store_read_only', 'the server refuses writes: it is a standby or set to read-only'],
  '25P03': ['unavailable', 'the server has ended a transaction in which this process stalled'],
  '42501': ['store_read_only', 'the role lacks a privilege'],
  '53100': ['disk_full', 'the disk of the server is full'],
  '55P03': ['busy', 'others held the lock for longer than the configured time'],
  '57014': ['busy', 'the server has cancelled the statement'],
  '40': ['contended', 'lost to other transactions'],
  '08': ['unavailable', 'the connection to the server failed'],
  '53': ['unavailable', 'the server has no room for more'],
  '57': ['unavailable', 'the server is going down or starting'],
  '58': ['unavailable', 'the server has trouble with its system'],
  XX001: ['store_corrupt', 'the server finds its data damaged'],
  XX002: ['store_corrupt', 'the server finds an index damaged'],
};

/** The same failure as a `HoldfastError`. `place` names the server. */
export function explain(thrown: unknown, place: string): HoldfastError {
  const error = thrown instanceof LostConnection ? thrown.cause : thrown;
  if (isHoldfastError(error)) return error;
  const state = stateOf(error);
  const said = error instanceof Error ? error.message : String(error);
  if (state === undefined) {
    return new HoldfastError('unavailable', `${place} cannot be reached: ${said}`, {
      cause: error,
      details: { place },
    });
  }
  const known = explanations[state] ?? explanations[state.slice(0, 2)];
  const [code, message] = known ?? ['internal', 'the server refuses a statement'];
  return new HoldfastError(code, `${place}: ${message} (${state}: ${said})`, {
    cause: error,
    details: { place, state },
    outcome: 'not-applied',
  });
}
