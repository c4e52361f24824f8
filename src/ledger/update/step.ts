/**
 * One function of a chain: what it saw, what it left, and the proposal that makes it so.
 *
 * Not here: the order of functions, and what happens to those who lose.
 */
import type { Ref } from '../../engine/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../limits.ts';
import type { Position } from '../position.ts';
import type { Check, Mutation, MutationResult, Proposal } from '../proposal.ts';
import { StoredValue } from '../value/index.ts';

/**
 * Gets a value of its own, undefined where there is no entry, and returns the new one: the same
 * object changed, or another. Returning undefined deletes.
 */
export type UpdateFunction = (value: unknown) => unknown;

export interface FunctionalUpdateOptions extends Pick<
  Proposal,
  'durability' | 'actor' | 'cause' | 'quotas'
> {
  /** Left out: an existing entry keeps its expiry, a new one gets none. Null: none. */
  readonly ttlMs?: number | null | undefined;
  /** Left out: as it was. */
  readonly schema?: number | undefined;
  /** How often it may lose to other writers before `contended`. Default 20. */
  readonly attempts?: number | undefined;
}

export interface FunctionalUpdateResult {
  /** `none`: the function changed nothing, and nothing was committed. */
  readonly change: MutationResult['change'];
  /** The entry's version now; 0 if there is none. */
  readonly version: number;
  readonly previous: StoredValue | undefined;
  readonly value: StoredValue | undefined;
  /** Of the commit; where it was judged, if nothing changed. */
  readonly position: Position;
}

export interface Waiting {
  readonly run: UpdateFunction;
  readonly options: FunctionalUpdateOptions;
  losses: number;
  resolve(result: FunctionalUpdateResult): void;
  reject(error: unknown): void;
}

/** The entry as a function of the chain sees it. */
export interface Standing {
  readonly value: StoredValue | undefined;
  /** 0 if there is none, undefined while what wrote it is not committed. */
  readonly version: number | undefined;
  readonly schema: number;
}

export interface Step {
  readonly waiting: Waiting;
  readonly before: Standing;
  readonly after: Standing;
  /** Undefined if nothing changes. */
  readonly mutation: Mutation | undefined;
  readonly thrown: { readonly error: unknown } | undefined;
}

/** Runs one function on what the one before it left. */
export function stepOf(ref: Ref, waiting: Waiting, before: Standing): Step {
  const unchanged = { waiting, before, after: before, mutation: undefined, thrown: undefined };
  let value: StoredValue | undefined;
  try {
    value = resultOf(waiting.run, before.value);
  } catch (error) {
    return { ...unchanged, thrown: { error } };
  }
  if (value === undefined) {
    if (before.value === undefined) return unchanged;
    const after = { value: undefined, version: 0, schema: 0 };
    return { ...unchanged, after, mutation: { kind: 'delete', ...ref } };
  }
  const { ttlMs } = waiting.options;
  const schema = waiting.options.schema ?? before.schema;
  const isSame = before.value !== undefined && value.equals(before.value);
  if (isSame && schema === before.schema) {
    if (ttlMs === undefined) return unchanged;
    const after = { ...before, version: undefined };
    return { ...unchanged, after, mutation: { kind: 'touch', ...ref, ttlMs } };
  }
  const after = { value, version: undefined, schema };
  const ttl = ttlMs === undefined ? 'keep' : (ttlMs ?? undefined);
  return { ...unchanged, after, mutation: { kind: 'set', ...ref, value, ttlMs: ttl, schema } };
}

function resultOf(run: UpdateFunction, value: StoredValue | undefined): StoredValue | undefined {
  const returned = run(value?.decode());
  if (returned === undefined) return undefined;
  if (isPromise(returned)) {
    // Nobody will ever wait for it, and its failure is not this caller's news.
    Promise.resolve(returned).catch(() => undefined);
    const message = 'an update function must be synchronous; it returned a promise';
    throw new HoldfastError('invalid_argument', message);
  }
  return StoredValue.of(returned, limits.valueBytesMax);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null)?.then === 'function';
}

/** Sent whether or not anything changes: the check is what makes the answer true. */
export function proposalOf(ref: Ref, { waiting, before, mutation }: Step): Proposal {
  const { durability, actor, cause, quotas } = waiting.options;
  const checks = [checkOf(ref, before)];
  if (mutation === undefined) return { checks, durability: 'relaxed' };
  return { checks, mutations: [mutation], quotas, durability, actor, cause };
}

function checkOf(ref: Ref, { value, version }: Standing): Check {
  if (version === undefined && value !== undefined) return { kind: 'value', ...ref, value };
  return { kind: 'version', ...ref, version: version ?? 0 };
}

/** Tells the caller. Returns the version that the entry has now. */
export function finish(step: Step, position: Position, version: number): number {
  const { waiting, before, after, mutation, thrown } = step;
  if (thrown !== undefined) {
    waiting.reject(thrown.error);
    return version;
  }
  const existed = before.value !== undefined;
  const changed = after.value === undefined ? 'deleted' : existed ? 'updated' : 'created';
  const change = mutation === undefined ? 'none' : changed;
  waiting.resolve({ change, version, previous: before.value, value: after.value, position });
  return version;
}
