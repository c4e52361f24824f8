/**
 * Where a list's entries live. The only place that builds or reads their addresses.
 *
 * The list `NAME` is the scope `$list/NAME`, which has the rights of the scope NAME. In it:
 *
 * `0000000000000042`  the item of index 42: 16 decimal digits, so that keys sort as indexes do
 * `head`              `{ first, next }`: the list holds the indexes first ≤ i < next. A list that
 *                     expires has `{ ttlMs, renewedAt }` too. Sorts behind every item.
 *
 * K1. A head and its items are written together, under a check of the head's version: no index is
 *     taken twice, none is left out, and their order is the order of commits.
 * K2. An item is written once and never changed.
 * K3. The list expires with its head. Items live longer than their head; an item that is older than
 *     the head belongs to an earlier list of the same name and is as good as gone.
 */
import type { Ref } from '../../ledger/index.ts';

export const scopePrefix = '$list/';
const digits = 16;

/** Behind every item, before the head. */
export const itemsEnd = ':';

export function scopeOf(name: string): string {
  return scopePrefix + name;
}

export function headRef(scope: string): Ref {
  return { scope, key: 'head' };
}

export function itemKey(index: number): string {
  return String(index).padStart(digits, '0');
}

export function indexOf(key: string): number {
  return Number(key);
}
