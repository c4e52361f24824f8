/**
 * Where the ledger keeps what is its own, and how an address becomes one map key.
 *
 * `$ledger/values/<id>`   a value above the inline limit, or its difference to a base value
 * `$ledger/clients/head⏎<client>` and `…/<block>⏎<client>`   idempotency windows (⏎ a newline)
 * `$ledger/pins/all`      every pin, in one row so that a trim reads them in its transaction
 * `$ledger/erasures/all`  changes with every erasure, so that two of them cannot undo each other
 * `$owners/<resource>`    ownerships; ordinary entries that callers may write
 *
 * `$ledger/…` rows are not logged, not counted and not addressable by proposals.
 */
import type { Ref } from '../../engine/index.ts';

export const valuesScope = '$ledger/values';
export const clientsScope = '$ledger/clients';
export const pinsRef: Ref = { scope: '$ledger/pins', key: 'all' };
export const erasuresRef: Ref = { scope: '$ledger/erasures', key: 'all' };
export const ownersScope = '$owners';

/** Names hold no NUL, so two refs never share an address. */
export function addressOf(ref: Ref): string {
  return `${ref.scope}\0${ref.key}`;
}

export function isLedgerScope(scope: string): boolean {
  return scope.startsWith('$ledger/');
}
