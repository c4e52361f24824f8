/**
 * The app writes of a step's executors as one list of mutations and checks.
 *
 * Two executors on one entry are a `step_conflict`, unless both remove it or their operations
 * commute. Items for one list stand in the declared order of executors.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Check, CheckFailure, Mutation, ScopeQuota } from '../../../ledger/index.ts';
import type { List } from '../../lists/index.ts';
import { commute } from '../state/commuting.ts';
import type { AppWrites } from './app-writes.ts';

export interface StagedBy {
  readonly executor: string;
  readonly writes: AppWrites;
}

export interface AppPlan {
  readonly checks: readonly Check[];
  readonly mutations: readonly Mutation[];
  readonly quotas: readonly ScopeQuota[];
  /** Whether all that failed is that others appended to the same lists: it can be planned anew. */
  isOvertaken(failures: readonly CheckFailure[]): boolean;
}

/** Throws `step_conflict`, `schema_mismatch`. */
export async function plannedWrites(staged: readonly StagedBy[]): Promise<AppPlan> {
  const checks: Check[] = [];
  const mutations: Mutation[] = [];
  const quotas: ScopeQuota[] = [];
  const writers = new Map<string, { executor: string; mutation: Mutation }[]>();
  for (const { executor, writes } of staged) {
    checks.push(...writes.checks);
    const own = await writes.staged;
    quotas.push(...(own.quotas ?? []));
    for (const mutation of own.mutations ?? []) {
      const address = `${mutation.scope}\0${mutation.key}`;
      const others = writers.get(address) ?? [];
      for (const other of others) {
        if (other.executor === executor || agree(other.mutation, mutation)) continue;
        throw conflict(mutation, other.executor, executor);
      }
      writers.set(address, [...others, { executor, mutation }]);
      mutations.push(mutation);
    }
  }
  const listChecks = new Set<Check>();
  for (const [list, items] of await itemsByList(staged)) {
    const plan = await list.plan(items);
    listChecks.add(plan.check);
    mutations.push(...plan.mutations);
  }
  return {
    checks: [...checks, ...listChecks],
    mutations,
    quotas,
    isOvertaken: (failures) => failures.every(({ check }) => isOneOf(listChecks, check)),
  };
}

/** A check that travelled is another object. */
function isOneOf(checks: ReadonlySet<Check>, failed: Check): boolean {
  return [...checks].some((check) => {
    return check.kind === 'version' && failed.kind === 'version' && check.scope === failed.scope;
  });
}

async function itemsByList(
  staged: readonly StagedBy[],
): Promise<Map<List<never, unknown>, Parameters<List['plan']>[0]>> {
  const lists = new Map<string, List<never, unknown>>();
  const items = new Map<List<never, unknown>, Parameters<List['plan']>[0]>();
  for (const { writes } of staged) {
    for (const append of writes.appends) {
      const list = lists.get(append.list.name) ?? append.list;
      lists.set(list.name, list);
      items.set(list, [...(items.get(list) ?? []), ...(await append.items)]);
    }
  }
  return items;
}

function agree(a: Mutation, b: Mutation): boolean {
  if (a.kind === 'delete' && b.kind === 'delete') return true;
  return a.kind === 'update' && b.kind === 'update' && commute(a.operations, b.operations);
}

function conflict({ scope, key }: Mutation, first: string, second: string): HoldfastError {
  const text = `${first} and ${second} wrote '${key}' of scope '${scope}' in one step`;
  return new HoldfastError('step_conflict', text, {
    details: { scope, key, executors: [first, second] },
  });
}
