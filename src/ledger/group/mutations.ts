/** One mutation applied to one draft: pure, the old draft stays as it was. */
import { HoldfastError } from '../../errors/index.ts';
import type { Ref } from '../../engine/index.ts';
import type { ScopeRule } from '../rules/app-rules.ts';
import { limits } from '../limits.ts';
import { applyOperations } from '../operations/index.ts';
import { Draft } from './draft.ts';
import type { PreparedMutation } from '../door/prepared.ts';

export interface MutationRules {
  readonly maxValueBytes: number;
  readonly scopes: ReadonlyMap<string, ScopeRule>;
}

/** Returns the same draft if nothing changes, undefined if the entry is gone. */
export function mutate(
  mutation: PreparedMutation,
  current: Draft | undefined,
  time: number,
  { maxValueBytes, scopes }: MutationRules,
): Draft | undefined {
  const rule = scopes.get(mutation.ref.scope);
  const draft = mutated(withRule(mutation, current, rule), current, time, maxValueBytes);
  if (rule?.check !== undefined && draft !== current && mutation.kind !== 'touch') {
    if (draft !== undefined) judge(draft, rule, mutation.ref);
  }
  return draft;
}

/** With the scope's time to live where the caller gave none and nothing lives on. */
function withRule(
  mutation: PreparedMutation,
  current: Draft | undefined,
  rule: ScopeRule | undefined,
): PreparedMutation {
  const ttlMs = rule?.ttlMs;
  if (ttlMs === undefined || mutation.expiresAt !== undefined) return mutation;
  const { kind } = mutation;
  const isUntold = kind === 'set' ? mutation.ttlMs === null : mutation.ttlMs === 'keep';
  const livesOn = current !== undefined && mutation.ttlMs === 'keep';
  return (kind === 'set' || kind === 'update') && isUntold && !livesOn
    ? { ...mutation, ttlMs }
    : mutation;
}

function judge(draft: Draft, rule: ScopeRule, { scope, key }: Ref): void {
  const isJson = typeof draft.content === 'string';
  const fault = isJson ? rule.check?.(draft.json()) : { path: '', message: 'bytes are no JSON' };
  if (fault === undefined) return;
  const where = fault.path === '' ? '' : ` at ${fault.path}`;
  throw new HoldfastError(
    'schema_mismatch',
    `the store's rule for '${scope}' refuses the value of '${key}'${where}: ${fault.message}`,
    { details: { scope, key, path: fault.path } },
  );
}

function mutated(
  mutation: PreparedMutation,
  current: Draft | undefined,
  time: number,
  maxValueBytes: number,
): Draft | undefined {
  switch (mutation.kind) {
    case 'delete':
      return undefined;
    case 'touch':
      return current && touched(mutation, current, time);
    case 'set': {
      const value = mutation.value;
      if (value === undefined) return current;
      if (mutation.expiresAt !== undefined && mutation.expiresAt <= time) return undefined;
      return written(mutation, current, value.content, value.size, time);
    }
    case 'update': {
      const json = applyOperations(
        targetOf(mutation, current),
        mutation.operations ?? [],
        mutation.ref,
      );
      // Nothing to remove where there is nothing: what was absent stays absent.
      if (json === undefined) return current;
      const text = JSON.stringify(json);
      const bytes = Buffer.byteLength(text);
      if (bytes > maxValueBytes) throw tooLarge(mutation, bytes, maxValueBytes);
      const draft = written(mutation, current, text, bytes, time);
      draft.remember(json);
      draft.baseText = current?.baseText;
      return draft;
    }
  }
}

/** Whether the mutation must see the value that is there. */
export function readsValue(mutation: PreparedMutation): boolean {
  return mutation.kind === 'update';
}

function written(
  mutation: PreparedMutation,
  current: Draft | undefined,
  content: string | Uint8Array,
  bytes: number,
  time: number,
): Draft {
  return new Draft(
    content,
    undefined,
    0,
    current?.createdAt,
    undefined,
    expiryOf(mutation, current, time),
    mutation.schema ?? current?.schema ?? 0,
    Buffer.byteLength(mutation.ref.key) + bytes,
  );
}

function touched(mutation: PreparedMutation, current: Draft, time: number): Draft {
  const { content, external, createdAt, schema, size } = current;
  const expiresAt = expiryOf(mutation, current, time);
  const draft = new Draft(content, external, 0, createdAt, undefined, expiresAt, schema, size);
  draft.baseText = current.baseText;
  return draft;
}

function expiryOf(
  mutation: PreparedMutation,
  current: Draft | undefined,
  time: number,
): number | undefined {
  const { ttlMs, expiresAt } = mutation;
  if (expiresAt !== undefined) return expiresAt;
  if (ttlMs === 'keep') return current?.expiresAt;
  return ttlMs === null ? undefined : time + ttlMs;
}

function targetOf(mutation: PreparedMutation, current: Draft | undefined): unknown {
  if (current === undefined) return undefined;
  if (typeof current.content === 'string') return current.json();
  const { scope, key } = mutation.ref;
  throw new HoldfastError(
    'operation_failed',
    `'${key}' in '${scope}' holds bytes; operations apply to JSON values only`,
    { details: { scope, key, reason: 'bytes' } },
  );
}

function tooLarge(mutation: PreparedMutation, bytes: number, limit: number): HoldfastError {
  const { scope, key } = mutation.ref;
  return new HoldfastError(
    'limit_exceeded',
    `the update would make '${key}' in '${scope}' ${bytes} bytes; at most ${limit} ` +
      `(maxValueBytes, up to ${limits.valueBytesMax})`,
    { details: { scope, key, bytes, limit } },
  );
}
