/** The door for queries: bounds, limits and filters are checked before anything is asked. */
import { HoldfastError } from '../../errors/index.ts';
import type { ChangeFilter, ScanQuery, ScopesQuery } from '../ledger.ts';
import { limits } from '../limits.ts';
import { checkKey, checkScope } from '../names.ts';
import { checkObject } from './input.ts';

export function checkScanQuery(query: ScanQuery): void {
  checkObject(query, 'a scan');
  checkScope(query.scope);
  checkText(query.prefix, 'prefix');
  checkText(query.from, 'from');
  checkText(query.to, 'to');
  checkText(query.cursor, 'cursor');
  checkLimit(query.limit, limits.scanLimitMax);
}

export function checkScopesQuery(query: ScopesQuery): void {
  checkObject(query, 'a query for scopes');
  checkText(query.prefix, 'prefix');
  checkText(query.cursor, 'cursor');
  checkLimit(query.limit, limits.scanLimitMax);
}

export function checkWatchFilter(
  filter: ChangeFilter & { readonly limit?: number | undefined },
): void {
  checkObject(filter, 'a filter');
  if (filter.scope !== undefined) checkScope(filter.scope);
  if (filter.key !== undefined) checkKey(filter.key);
  checkText(filter.prefix, 'prefix');
  checkLimit(filter.limit, limits.scanLimitMax);
  if (filter.scope === undefined && (filter.key !== undefined || filter.prefix !== undefined)) {
    throw new HoldfastError('invalid_argument', 'a key or prefix needs its scope');
  }
}

function checkLimit(limit: number | undefined, most: number): void {
  if (limit === undefined || (Number.isSafeInteger(limit) && limit >= 1 && limit <= most)) return;
  throw new HoldfastError('invalid_argument', `limit must be an integer from 1 to ${most}`, {
    details: { limit },
  });
}

/** Bounds may be any text: they need not be keys that could exist. */
function checkText(text: string | undefined, what: string): void {
  if (text === undefined || (typeof text === 'string' && text.isWellFormed())) return;
  throw new HoldfastError('invalid_argument', `${what} must be well-formed text`);
}
