/**
 * Where a session lives. The only place that builds or reads its addresses.
 *
 * The session `NAME` is the scope `$session/NAME`, which has the rights of the scope NAME. In it:
 *
 * `head`                       `{version, hash, payload, agent, earlier, records?}`
 * `state/<key>`                an entry of a structured session
 * `undo`                       the deltas that lead from the current state to earlier ones
 * `forward`                    the last delta, where the entries alone do not tell it
 * `record/<version>/<chunk>`   an opaque session: a snapshot or a delta, in chunks; 16 and 4 digits
 * `turn/<id>`                  what became of a turn; expires
 *
 * K1. Every commit of a turn checks the version of `head` and writes it: of two turns that started
 *     from one state only one is committed.
 * K2. Nobody but a host writes here.
 */
import type { Ref } from '../../ledger/index.ts';

export const scopePrefix = '$session/';
export const statePrefix = 'state/';
export const turnPrefix = 'turn/';

export function scopeOf(session: string): string {
  return scopePrefix + session;
}

export function headRef(scope: string): Ref {
  return { scope, key: 'head' };
}

export function undoRef(scope: string): Ref {
  return { scope, key: 'undo' };
}

export function forwardRef(scope: string): Ref {
  return { scope, key: 'forward' };
}

export function turnRef(scope: string, id: string): Ref {
  return { scope, key: turnPrefix + id };
}

export function stateRef(scope: string, key: string): Ref {
  return { scope, key: statePrefix + key };
}

export function recordRef(scope: string, version: number, chunk: number): Ref {
  const place = `${String(version).padStart(16, '0')}/${String(chunk).padStart(4, '0')}`;
  return { scope, key: `record/${place}` };
}
