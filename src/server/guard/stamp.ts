/**
 * Idempotency stamps of different principals never meet, whatever clients call themselves.
 *
 * A client's name becomes `<token>/<name>`, or `<token>/#<digest of the name>` where that is too
 * long.
 */
import { hash } from 'node:crypto';
import { limits } from '../../ledger/index.ts';
import type { IdempotencyStamp } from '../../ledger/index.ts';

export function ownStamp(
  principal: string,
  stamp: IdempotencyStamp | undefined,
): IdempotencyStamp | undefined {
  // What is no stamp is the ledger's to refuse.
  if (typeof stamp !== 'object' || stamp === null) return stamp;
  if (typeof stamp.client !== 'string' || stamp.client === '') return stamp;
  if (Buffer.byteLength(stamp.client) > limits.clientNameBytes) return stamp;
  const plain = `${principal}/${stamp.client}`;
  const fits = !stamp.client.startsWith('#') && Buffer.byteLength(plain) <= limits.clientNameBytes;
  const client = fits ? plain : `${principal}/#${hash('sha256', stamp.client, 'base64url')}`;
  return { ...stamp, client };
}
