/** By how much a commit makes an app and its scopes grow, and whether their quotas admit it. */
import type { AppRules } from './app-rules.ts';
import { present } from '../../internal/assert.ts';
import type { DecidedChange } from '../group/answer.ts';
import type { GroupState } from '../group/group-state.ts';
import type { CountUnit } from './holds.ts';
import { quotaExceeded, unitExceeded } from './quota.ts';
import type { Quota, Usage } from './quota.ts';

/** One commit's growth of an app or scope that has a quota. */
export interface QuotaGrowth {
  readonly owner: { readonly app: string; readonly scope?: string };
  readonly quota: Quota;
  readonly before: Usage;
  readonly after: Usage;
}

/** Who may hold how much. */
export interface QuotaRules extends Pick<AppRules, 'quota' | 'scopes'> {
  readonly app: string;
}

interface SeenGrowth extends QuotaGrowth {
  /** What the view counted, before the group. */
  readonly seen: Usage;
}

/** By how much a change makes its scope grow; negative if it shrinks. */
export function growthOf({ before, after }: DecidedChange): Usage {
  return {
    entries: (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1),
    bytes: (after?.size ?? 0) - (before?.size ?? 0),
  };
}

/** Quotas of scopes that a proposal brings along, beside the rules'. */
export type BroughtQuotas = ReadonlyMap<string, Quota> | undefined;

/**
 * What a commit of these changes does to what has a quota. Throws `quota_exceeded` if it would
 * pass one; either way the group's outcome rests on the counts that it was judged by.
 */
export function admitted(
  changes: readonly DecidedChange[],
  rules: QuotaRules,
  brought: BroughtQuotas,
  state: GroupState,
): readonly QuotaGrowth[] {
  const growths = growthsOf(changes, rules, brought, state);
  for (const one of growths) {
    const { quota, before, after, owner } = one;
    const unit = unitExceeded(quota, before, after);
    if (unit === undefined) continue;
    state.holds.least(owner.scope, unit, present(roomFor(one, unit), 'a limit') + 1);
    throw quotaExceeded(quota, unit, before, after, owner);
  }
  for (const one of growths) {
    for (const unit of ['entries', 'bytes'] as const) {
      const room = roomFor(one, unit);
      if (room !== undefined) state.holds.most(one.owner.scope, unit, room);
    }
  }
  return growths;
}

const none: readonly SeenGrowth[] = [];

function growthsOf(
  changes: readonly DecidedChange[],
  rules: QuotaRules,
  brought: BroughtQuotas,
  state: GroupState,
): readonly SeenGrowth[] {
  const { app, quota, scopes } = rules;
  const isLimited = ({ slot: { ref } }: DecidedChange): boolean =>
    scopes.get(ref.scope)?.quota !== undefined || brought?.has(ref.scope) === true;
  if (quota === undefined && !changes.some(isLimited)) return none;
  const byScope = new Map<string, Usage>();
  let total: Usage = { entries: 0, bytes: 0 };
  for (const change of changes) {
    const growth = growthOf(change);
    total = sum(total, growth);
    if (!isLimited(change)) continue;
    const { scope } = change.slot.ref;
    byScope.set(scope, sum(byScope.get(scope) ?? { entries: 0, bytes: 0 }, growth));
  }
  const growths: SeenGrowth[] = [];
  for (const [scope, growth] of byScope) {
    const [before, seen] = [state.scopeUsage(scope), state.scopeStat(scope)];
    const after = sum(before, growth);
    for (const limit of [scopes.get(scope)?.quota, brought?.get(scope)]) {
      if (limit === undefined) continue;
      growths.push({ owner: { app, scope }, quota: limit, seen, before, after });
    }
  }
  if (quota !== undefined) {
    const before = state.appUsage();
    growths.push({ owner: { app }, quota, seen: state.head, before, after: sum(before, total) });
  }
  return growths;
}

/**
 * The highest count that the view may show if this growth is to fit; undefined if nothing hangs on
 * it.
 */
function roomFor({ quota, seen, before, after }: SeenGrowth, unit: CountUnit): number | undefined {
  const limit = quota[unit];
  if (limit === undefined || after[unit] <= before[unit]) return undefined;
  return limit - (after[unit] - seen[unit]);
}

function sum(a: Usage, b: Usage): Usage {
  return { entries: a.entries + b.entries, bytes: a.bytes + b.bytes };
}
