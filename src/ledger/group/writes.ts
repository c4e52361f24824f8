/** A decided group as an engine's decision: entries, large values, windows, counts, one log row. */
import { present } from '../../internal/assert.ts';
import type { Decision, PutWrite, Ref, ScopeDelta, Write } from '../../engine/index.ts';
import { limits } from '../limits.ts';
import { encodeBody } from '../log/body.ts';
import { addressOf, valuesScope } from '../keyspace/address.ts';
import type { Draft } from './draft.ts';
import { encodeDifference, rootOf, rowsOf } from '../keyspace/external.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import type { GroupRules, GroupRun } from './group-run.ts';

/** Marks a row of `$ledger/values` that holds a difference rather than a full value. */
export const differenceSchema = 1;

export function decisionOf(run: GroupRun, rules: GroupRules): Decision {
  const { state, commits } = run;
  const values = storeLargeValues(run, rules);
  const log = commits.length === 0 ? undefined : encodeBody(commits, state.time);
  const writes = run.entryWrites();
  const needsRow = run.windows?.dirty === true || run.dropped.length > 0;
  // A row without a version of its own could be mistaken for its predecessor: take a revision.
  const revisions = state.lastOffset === 0 && needsRow ? 1 : state.lastOffset;
  const windows = run.windows?.writes(revisions, state.time);
  const erased = erasedValues(run);
  const stored = erased.length === 0 ? values : without(values, erased);
  if (needsRow || stored.length > 0 || erased.length > 0) {
    const puts = [...(windows?.puts ?? []), ...stored];
    const deletes = [...(windows?.deletes ?? []), ...run.dropped, ...erased];
    writes.push(...puts, ...deletesOf(deletes, puts));
  }
  return {
    kind: 'decision',
    revisions,
    writes,
    scopes: scopeDeltas(run),
    log,
    holds: state.held(),
    validUntil: state.validUntil === Infinity ? undefined : state.validUntil,
  };
}

/**
 * Puts every large value of the group's commits apart, as a difference where that is much smaller.
 */
function storeLargeValues(run: GroupRun, rules: GroupRules): PutWrite[] {
  const writes: PutWrite[] = [];
  for (const commit of run.commits) {
    for (const { slot, after, before } of commit.changes) {
      // Most are small whatever their keys weigh.
      if (after === undefined || after.size <= limits.inlineValueBytes) continue;
      if (after.external !== undefined || after.content === undefined) continue;
      const bytes = after.size - Buffer.byteLength(slot.ref.key);
      if (bytes <= limits.inlineValueBytes) continue;
      const id = rules.newValueId();
      writes.push(storeApart(after, before, { id, size: bytes }));
    }
  }
  return writes;
}

function storeApart(draft: Draft, before: Draft | undefined, { id, size }: ExternalRef): PutWrite {
  const content = present(draft.content, 'a large value');
  const difference = differenceTo(before, content);
  if (difference !== undefined && before?.external !== undefined) {
    draft.external = { id, base: rootOf(before.external), size };
    draft.baseText = before.baseText;
    return valueRow(id, difference, differenceSchema, draft.offset);
  }
  draft.external = { id, size };
  draft.baseText = typeof content === 'string' ? content : undefined;
  return valueRow(id, content, 0, draft.offset);
}

function differenceTo(before: Draft | undefined, content: string | Uint8Array): string | undefined {
  const base = before?.external === undefined ? undefined : before.baseText;
  if (base === undefined || typeof content !== 'string') return undefined;
  return encodeDifference(base, content);
}

function valueRow(
  key: string,
  content: string | Uint8Array,
  schema: number,
  offset: number,
): PutWrite {
  const size = content.length;
  return {
    kind: 'put',
    scope: valuesScope,
    key,
    content,
    offset,
    createdAt: undefined,
    expiresAt: undefined,
    schema,
    size,
    external: false,
  };
}

function without(values: readonly PutWrite[], erased: readonly Ref[]): PutWrite[] {
  const keys = new Set(erased.map(({ key }) => key));
  return values.filter(({ key }) => !keys.has(key));
}

/** Of rows of the ledger's own: each once, and none that the group puts anew. */
function deletesOf(refs: readonly Ref[], puts: readonly Ref[]): Write[] {
  if (refs.length === 0) return [];
  const deletes = new Map<string, Write>();
  for (const { scope, key } of refs) {
    deletes.set(addressOf({ scope, key }), { kind: 'delete', scope, key });
  }
  for (const put of puts) deletes.delete(addressOf(put));
  return [...deletes.values()];
}

/** The large values of erased entries: the log may long have forgotten who named them. */
function erasedValues(run: GroupRun): Ref[] {
  const refs: Ref[] = [];
  for (const { changes } of run.commits) {
    for (const { erased, before } of changes) {
      if (!erased || before?.external === undefined) continue;
      for (const key of rowsOf(before.external)) refs.push({ scope: valuesScope, key });
    }
  }
  return refs;
}

function scopeDeltas(run: GroupRun): ScopeDelta[] {
  return Array.from(run.state.growths(), ([scope, { entries, bytes, offset }]) => {
    return { scope, entries, bytes, offset };
  });
}
