/** Judging a proposal's checks against what the group has made of the ledger so far. */
import { StoredValue } from '../value/index.ts';
import type { DecidedFailure } from './answer.ts';
import type { Draft } from './draft.ts';
import type { GroupState } from './group-state.ts';
import type { PreparedCheck } from '../door/prepared.ts';

/** The checks that fail; empty if all hold. */
export function failuresOf(
  checks: readonly PreparedCheck[],
  state: GroupState,
): readonly DecidedFailure[] {
  if (checks.length === 0) return none;
  const failures: DecidedFailure[] = [];
  for (const [index, check] of checks.entries()) {
    const failure = judge(check, state);
    if (failure !== undefined) failures.push({ index, check, ...failure });
  }
  return failures;
}

const none: readonly DecidedFailure[] = [];

type Failure = Pick<DecidedFailure, 'actual' | 'pending'>;

function judge(check: PreparedCheck, state: GroupState): Failure | undefined {
  const { source } = check;
  if (source.kind === 'unchanged') return judgeScope(source.scope, source.since, state);
  const draft = state.slotOf(check.address).current;
  switch (source.kind) {
    case 'version': {
      // A pending entry's version lies above every version that a caller can know.
      const holds = draft === undefined ? source.version === 0 : versionIs(draft, source.version);
      return holds ? undefined : actualOf(draft);
    }
    case 'value': {
      const holds = draft?.content !== undefined && equals(check.value, draft);
      return holds ? undefined : actualOf(draft);
    }
    case 'epoch': {
      const epoch = epochOf(draft);
      return epoch === source.epoch ? undefined : { actual: epoch, pending: false };
    }
  }
}

function versionIs(draft: Draft, version: number): boolean {
  return draft.offset === 0 && draft.version === version;
}

function equals(value: StoredValue | undefined, draft: Draft): boolean {
  if (value === undefined || draft.content === undefined) return false;
  return value.content === draft.content || value.equals(StoredValue.trusted(draft.content));
}

function actualOf(draft: Draft | undefined): Failure {
  if (draft === undefined) return { actual: 0, pending: false };
  const pending = draft.offset > 0;
  return { actual: pending ? draft.offset : draft.version, pending };
}

/** Callers write ownerships, so one may hold anything; what has no epoch is nobody's. */
function epochOf(draft: Draft | undefined): number {
  if (typeof draft?.content !== 'string') return 0;
  const owner = draft.json() as { epoch?: unknown } | null;
  return typeof owner?.epoch === 'number' ? owner.epoch : 0;
}

function judgeScope(
  scope: string,
  since: { readonly incarnation: string; readonly revision: number },
  state: GroupState,
): Failure | undefined {
  const pendingOffset = state.scopeOffset(scope);
  if (pendingOffset > 0) return { actual: pendingOffset, pending: true };
  const revision = state.scopeRevision(scope);
  const unchanged = revision <= since.revision && state.knows(since);
  if (!unchanged) return { actual: revision, pending: false };
  state.holds.unchanged(scope, state.scopeStat(scope).revision);
  return undefined;
}
