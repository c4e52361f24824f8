/** With what a server closes a WebSocket: codes of RFC 6455, and two of ours. */
import { isHoldfastError } from '../../errors/index.ts';

export const closeCodes = {
  normal: 1000,
  protocol: 1002,
  tooLarge: 1009,
  overloaded: 1013,
  restart: 1012,
  internal: 1011,
  unauthenticated: 4401,
  replaced: 4409,
} as const;

/** With what a connection is closed whose hello was refused. */
export function codeOfRefusal(error: unknown): number {
  if (isHoldfastError(error, 'protocol')) return closeCodes.protocol;
  if (isHoldfastError(error, 'unavailable')) return closeCodes.replaced;
  return closeCodes.unauthenticated;
}
