/**
 * What a failure of Redis, of its driver or of the network means to a caller.
 *
 * F1. A reply of the server is certain: a script that was refused has written nothing.
 * F2. So is a command that was never handed to the network.
 * F3. Anything else, on the way of a script that writes, is `unknown`.
 */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { ErrorCode } from '../../../errors/index.ts';

/** By the first word of the server's reply. */
const replies: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  OOM: ['disk_full', 'the server has reached its maxmemory; nothing was written'],
  MISCONF: ['disk_full', 'the server cannot write its files and refuses to go on'],
  READONLY: ['unavailable', 'the server is a replica now; its primary is somewhere else'],
  LOADING: ['unavailable', 'the server is still loading its data'],
  MASTERDOWN: ['unavailable', 'the server has lost its primary'],
  CLUSTERDOWN: ['unavailable', 'the cluster does not serve that slot right now'],
  TRYAGAIN: ['unavailable', 'the slot is being moved to another node'],
  MOVED: ['unavailable', 'the slot has moved to another node'],
  ASK: ['unavailable', 'the slot is being moved to another node'],
  NOREPLICAS: ['unavailable', 'too few replicas are connected for min-replicas-to-write'],
  BUSY: ['busy', 'the server is running a script of somebody else'],
  NOAUTH: ['store_read_only', 'the server asks for a password'],
  WRONGPASS: ['store_read_only', 'the server refuses the user or the password'],
  NOPERM: ['store_read_only', 'the server does not allow that to this user'],
};

/** Messages of the driver for commands that it has not sent. */
const unsent = [
  "Stream isn't writeable",
  "Cluster isn't ready",
  'Failed to refresh slots cache',
  'Cluster is ended',
];

export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Whether a command that failed like this may have been carried out all the same. */
export function isDoubtful(error: unknown): boolean {
  if (isHoldfastError(error)) return error.outcome === 'unknown';
  if (isReply(error)) return false;
  return !(error instanceof Error) || !unsent.some((start) => error.message.startsWith(start));
}

/** What the driver met while it connected, if no later attempt can do better. */
export function refusalOf(error: unknown, where: string): HoldfastError | undefined {
  const message = error instanceof Error ? error.message : '';
  const word = /\b(NOAUTH|WRONGPASS|NOPERM)\b/.exec(message)?.[1];
  const known = word === undefined ? undefined : replies[word];
  if (known === undefined) return undefined;
  const [code, meaning] = known;
  const details = { server: where, reason: message };
  return new HoldfastError(code, `${where}: ${meaning}`, { details, cause: error });
}

/** The error that a caller can act on. */
export function explain(error: unknown, where: string): HoldfastError {
  if (isHoldfastError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  const details = { server: where, reason: message };
  const [word = ''] = message.split(' ');
  const known = isReply(error) ? replies[word] : undefined;
  if (known !== undefined) {
    const [code, meaning] = known;
    return new HoldfastError(code, `${where}: ${meaning} (${message})`, { details, cause: error });
  }
  const code: ErrorCode = isReply(error) ? 'internal' : 'unavailable';
  const what = isReply(error) ? 'the server answered' : 'the server cannot be reached';
  return new HoldfastError(code, `${where}: ${what}: ${message}`, {
    details,
    cause: error,
    outcome: 'not-applied',
  });
}
