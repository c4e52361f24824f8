/** How much an app or a scope may hold. */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../limits.ts';
import { checkScope } from '../names.ts';
import type { ScopeQuota } from '../proposal.ts';
import { atMost, checkObject, invalid, listOf, shown } from '../door/input.ts';

export interface Quota {
  readonly entries?: number | undefined;
  /** Bytes of keys and values. */
  readonly bytes?: number | undefined;
}

export interface Usage {
  readonly entries: number;
  readonly bytes: number;
}

/** The quotas that a proposal brings, by scope. */
export function prepareQuotas(quotas: readonly ScopeQuota[]): ReadonlyMap<string, Quota> {
  const given = listOf(quotas, 'quotas');
  atMost(given.length, limits.mutationsPerProposal, 'quotas');
  const byScope = new Map<string, Quota>();
  for (const quota of given) {
    checkObject(quota, 'a quota');
    const { scope, entries, bytes } = quota;
    checkScope(scope);
    checkQuota(scope, { entries, bytes });
    if (byScope.has(scope)) throw invalid(`two quotas for scope '${scope}' in one proposal`);
    byScope.set(scope, { entries, bytes });
  }
  return byScope;
}

/** Throws `invalid_argument` for amounts that are none. */
export function checkQuota(scope: string, quota: Quota): void {
  for (const unit of ['entries', 'bytes'] as const) {
    const amount: unknown = quota[unit];
    if (amount === undefined || (Number.isSafeInteger(amount) && (amount as number) >= 0)) continue;
    throw invalid(
      `the quota of scope '${scope}' must have a whole number of ${unit}, not ${shown(amount)}`,
      { scope, unit },
    );
  }
}

/** Share of a quota at which its owner is warned. */
export const quotaWarningShare = 0.8;

/** The unit in which a growth from `before` to `after` passes the quota, if it does. */
export function unitExceeded(
  quota: Quota,
  before: Usage,
  after: Usage,
): 'entries' | 'bytes' | undefined {
  for (const unit of ['entries', 'bytes'] as const) {
    const limit = quota[unit];
    if (limit !== undefined && after[unit] > limit && after[unit] > before[unit]) return unit;
  }
  return undefined;
}

export function quotaExceeded(
  quota: Quota,
  unit: 'entries' | 'bytes',
  before: Usage,
  after: Usage,
  owner: { readonly app: string; readonly scope?: string },
): HoldfastError {
  const limit = quota[unit];
  const name = owner.scope === undefined ? `app '${owner.app}'` : `scope '${owner.scope}'`;
  return new HoldfastError(
    'quota_exceeded',
    `${name} would hold ${after[unit]} ${unit}; its quota is ${limit}`,
    { details: { ...owner, unit, limit, used: before[unit] } },
  );
}

/** The unit that this change took past the warning share, if it did. */
export function quotaCrossed(
  quota: Quota,
  before: Usage,
  after: Usage,
): 'entries' | 'bytes' | undefined {
  for (const unit of ['entries', 'bytes'] as const) {
    const limit = quota[unit];
    if (limit === undefined) continue;
    const threshold = limit * quotaWarningShare;
    if (before[unit] < threshold && after[unit] >= threshold) return unit;
  }
  return undefined;
}
