/**
 * Reading a memory store: entries, ranges, scopes and what is due.
 *
 * Each function runs without a pause, so that what it returns is one moment (E1). Entries are
 * copied on the way out (E3).
 */
import { compareText } from '../../internal/text-order.ts';
import type { Ref, ScanRange, ScopeCensus, StoredEntry } from '../entry.ts';
import type { Due, ScopeQuery } from '../engine.ts';
import { fresh } from './ledger.ts';
import type { MemoryLedger } from './ledger.ts';

export function readEntries(
  ledger: MemoryLedger,
  refs: readonly Ref[],
): (StoredEntry | undefined)[] {
  return refs.map((ref) => {
    const entry = ledger.entry(ref);
    return entry === undefined ? undefined : fresh(entry);
  });
}

export function scanEntries(ledger: MemoryLedger, range: ScanRange): StoredEntry[] {
  const { from, to, after, reverse, limit, keysOnly } = range;
  const found: StoredEntry[] = [];
  const entries = ledger.scopes.get(range.scope)?.entries;
  if (entries === undefined || limit <= 0) return found;
  const bounds = reverse ? { from, to, below: after } : { from, to, above: after };
  for (const [, entry] of entries.entries(bounds, reverse)) {
    found.push(keysOnly ? { ...entry, content: '' } : fresh(entry));
    if (found.length >= limit) break;
  }
  return found;
}

export function listScopes(ledger: MemoryLedger, query: ScopeQuery, time: number): ScopeCensus[] {
  const { from, to, after, limit } = query;
  const expired = expiredByScope(ledger, time);
  const found: ScopeCensus[] = [];
  for (const [name, scope] of ledger.scopes.entries({ from, above: after })) {
    if (found.length >= limit || (to !== undefined && compareText(name, to) > 0)) break;
    if (scope.stat.entries === 0) continue;
    const { entries = 0, bytes = 0 } = expired.get(name) ?? {};
    found.push({ ...scope.stat, expiredEntries: entries, expiredBytes: bytes });
  }
  return found;
}

/** Takes as long as there are entries that wait for the sweeper, not as there are entries. */
function expiredByScope(
  ledger: MemoryLedger,
  time: number,
): Map<string, { entries: number; bytes: number }> {
  const counts = new Map<string, { entries: number; bytes: number }>();
  for (const [{ scope, expiresAt }, { size }] of ledger.expiry.entries()) {
    if (expiresAt > time) break;
    const { entries, bytes } = counts.get(scope) ?? { entries: 0, bytes: 0 };
    counts.set(scope, { entries: entries + 1, bytes: bytes + size });
  }
  return counts;
}

/** The earliest of all ledgers: at most `limit` from each can be among them. */
export function listDue(ledgers: Iterable<MemoryLedger>, now: number, limit: number): Due[] {
  const found: Due[] = [];
  for (const ledger of ledgers) {
    let taken = 0;
    for (const [{ scope, key, expiresAt }] of ledger.expiry.entries()) {
      if (expiresAt > now || taken >= limit) break;
      found.push({ ledger: ledger.name, scope, key, expiresAt });
      taken += 1;
    }
  }
  found.sort((a, b) => a.expiresAt - b.expiresAt || compareText(a.ledger, b.ledger));
  return found.slice(0, limit);
}
