/**
 * The door for proposals: everything a caller can get wrong is refused here, before anything waits.
 *
 * A prepared proposal holds only checked, detached data: values in their stored form, operations
 * normalised. What the caller does to its objects afterwards changes nothing.
 */
import type { Ref } from '../../engine/index.ts';
import { sha256 } from '../../internal/sha256.ts';
import { limits } from '../limits.ts';
import { checkClient, checkKey, checkScope } from '../names.ts';
import { checkOperations } from '../operations/index.ts';
import type { Operation } from '../operations/index.ts';
import type { Position } from '../position.ts';
import type { Cause, Check, IdempotencyStamp, Mutation, Proposal } from '../proposal.ts';
import { StoredValue } from '../value/index.ts';
import { addressOf, ownersScope } from '../keyspace/address.ts';
import { atMost, checkObject, checkText, invalid, listOf, shown } from './input.ts';
import { prepareQuotas } from '../rules/quota.ts';
import type { Quota } from '../rules/quota.ts';

export interface PreparedCheck {
  readonly source: Check;
  /** Of the entry that is looked at; undefined for a scope check. */
  readonly ref: Ref | undefined;
  readonly address: string;
  readonly value: StoredValue | undefined;
}

export interface PreparedMutation {
  readonly kind: Mutation['kind'];
  readonly ref: Ref;
  readonly address: string;
  /** For `set`. */
  readonly value: StoredValue | undefined;
  /** For `update`. */
  readonly operations: readonly Operation[] | undefined;
  /** A number sets the time to live, null removes it, 'keep' leaves it. */
  readonly ttlMs: number | null | 'keep';
  /** Stands in for `ttlMs` if it is there. */
  readonly expiresAt?: number | undefined;
  readonly schema: number | undefined;
}

export interface PreparedStamp extends IdempotencyStamp {
  /** Of the payload: a repeat with another one is an error. */
  readonly digest: string;
}

export interface Prepared {
  readonly checks: readonly PreparedCheck[];
  readonly mutations: readonly PreparedMutation[];
  /** By scope; undefined if it brings none. */
  readonly quotas: ReadonlyMap<string, Quota> | undefined;
  readonly stamp: PreparedStamp | undefined;
  readonly sync: boolean;
  readonly wantsValues: boolean;
  readonly actor: string | undefined;
  readonly cause: Cause | undefined;
  /** Bytes of the values that it brings: what a group's share is measured by. */
  readonly bytes: number;
  /** Deletes without leaving the old values in the log. Only `erase` asks for it. */
  readonly erases: boolean;
  /** Entries that a sweep takes if they are dead. */
  readonly sweeps: readonly Ref[];
}

const none: readonly never[] = [];

export function prepare(proposal: Proposal, maxValueBytes: number): Prepared {
  checkObject(proposal, 'a proposal');
  const checks = listOf(proposal.checks, 'checks');
  const mutations = listOf(proposal.mutations, 'mutations');
  atMost(checks.length, limits.checksPerProposal, 'checks');
  atMost(mutations.length, limits.mutationsPerProposal, 'mutations');
  const preparedChecks =
    checks.length === 0 ? none : Array.from(checks, (check) => prepareCheck(check, maxValueBytes));
  const preparedMutations: PreparedMutation[] = [];
  let bytes = 0;
  for (const mutation of mutations) {
    const prepared = prepareMutation(mutation, maxValueBytes);
    bytes += prepared.value?.size ?? 0;
    preparedMutations.push(prepared);
  }
  atMost(bytes, limits.proposalBytes, 'bytes of values');
  const stamp = proposal.stamp === undefined ? undefined : prepareStamp(proposal.stamp);
  return {
    checks: preparedChecks,
    mutations: preparedMutations,
    quotas: proposal.quotas === undefined ? undefined : prepareQuotas(proposal.quotas),
    stamp: stamp && { ...stamp, digest: digestOf(preparedChecks, preparedMutations) },
    sync: prepareDurability(proposal.durability),
    wantsValues: prepareReturns(proposal.returns),
    actor: prepareActor(proposal.actor),
    cause: proposal.cause === undefined ? undefined : prepareCause(proposal.cause),
    bytes,
    erases: false,
    sweeps: none,
  };
}

/** A proposal that only makes dead entries `expired`. */
export function prepareSweep(sweeps: readonly Ref[]): Prepared {
  return { ...prepare({ durability: 'relaxed' }, 0), sweeps };
}

/** A proposal that deletes an entry and keeps its last value out of the log. */
export function prepareErase(ref: Ref): Prepared {
  return { ...prepare({ mutations: [{ kind: 'delete', ...ref }] }, 0), erases: true };
}

function prepareCheck(check: Check, maxValueBytes: number): PreparedCheck {
  checkObject(check, 'a check');
  switch (check.kind) {
    case 'version': {
      const { kind, version } = check;
      const ref = refOf(check);
      if (!Number.isSafeInteger(version) || version < 0) {
        throw invalid('a checked version must be a non-negative integer', { version });
      }
      const source = { kind, ...ref, version };
      return { source, ref, address: addressOf(ref), value: undefined };
    }
    case 'value': {
      const ref = refOf(check);
      const value = StoredValue.of(check.value, maxValueBytes);
      return { source: { kind: 'value', ...ref, value }, ref, address: addressOf(ref), value };
    }
    case 'unchanged': {
      const { kind, scope, since } = check;
      checkScope(scope);
      const source = { kind, scope, since: positionFrom(since) };
      return { source, ref: undefined, address: scope, value: undefined };
    }
    case 'epoch': {
      const { kind, resource, epoch } = check;
      checkKey(resource);
      const ref = { scope: ownersScope, key: resource };
      if (!Number.isSafeInteger(epoch) || epoch < 1) {
        throw invalid('a checked epoch must be a positive integer', { epoch });
      }
      const source = { kind, resource, epoch };
      return { source, ref, address: addressOf(ref), value: undefined };
    }
    default:
      throw invalid(`unknown check '${shown((check as { kind?: unknown }).kind)}'`);
  }
}

function prepareMutation(mutation: Mutation, maxValueBytes: number): PreparedMutation {
  checkObject(mutation, 'a mutation');
  const ref = refOf(mutation);
  const address = addressOf(ref);
  switch (mutation.kind) {
    case 'set': {
      const value = StoredValue.of(mutation.value, maxValueBytes);
      const ttlMs = mutation.ttlMs === undefined ? null : mutation.ttlMs;
      if (ttlMs !== 'keep' && ttlMs !== null) checkTtl(ttlMs, mutation);
      const schema = mutation.schema === undefined ? 0 : checkSchema(mutation.schema);
      const set = {
        kind: 'set',
        ref,
        address,
        value,
        operations: undefined,
        ttlMs,
        schema,
      } as const;
      if (mutation.expiresAt === undefined) return set;
      return { ...set, ttlMs: null, expiresAt: checkExpiresAt(mutation.expiresAt, mutation) };
    }
    case 'update': {
      const operations = checkOperations(mutation.operations);
      const ttlMs = mutation.ttlMs === undefined ? 'keep' : mutation.ttlMs;
      if (ttlMs !== 'keep' && ttlMs !== null) checkTtl(ttlMs, mutation);
      const schema = mutation.schema === undefined ? undefined : checkSchema(mutation.schema);
      return { kind: 'update', ref, address, value: undefined, operations, ttlMs, schema };
    }
    case 'touch': {
      if (mutation.ttlMs !== null) checkTtl(mutation.ttlMs, mutation);
      return bare('touch', ref, address, mutation.ttlMs);
    }
    case 'delete':
      return bare('delete', ref, address, null);
    default:
      throw invalid(`unknown mutation '${shown((mutation as { kind?: unknown }).kind)}'`);
  }
}

function bare(
  kind: Mutation['kind'],
  ref: Ref,
  address: string,
  ttlMs: number | null,
): PreparedMutation {
  return { kind, ref, address, value: undefined, operations: undefined, ttlMs, schema: undefined };
}

function prepareStamp(stamp: IdempotencyStamp): IdempotencyStamp {
  checkObject(stamp, 'a stamp');
  checkClient(stamp.client);
  if (!Number.isSafeInteger(stamp.sequence) || stamp.sequence < 1) {
    throw invalid('a stamp’s sequence must be a positive integer', { sequence: stamp.sequence });
  }
  if (stamp.perCall !== undefined && typeof stamp.perCall !== 'boolean') {
    throw invalid('perCall of a stamp must be true or false');
  }
  return { client: stamp.client, sequence: stamp.sequence, perCall: stamp.perCall };
}

function prepareDurability(durability: Proposal['durability']): boolean {
  if (durability === undefined || durability === 'sync') return true;
  if (durability === 'relaxed') return false;
  throw invalid(`durability is 'sync' or 'relaxed', not '${shown(durability)}'`);
}

function prepareReturns(returns: Proposal['returns']): boolean {
  if (returns === undefined || returns === 'versions') return false;
  if (returns === 'values') return true;
  throw invalid(`returns is 'versions' or 'values', not '${shown(returns)}'`);
}

function prepareActor(actor: Proposal['actor']): string | undefined {
  if (actor !== undefined) checkText(actor, 'the actor');
  return actor;
}

function prepareCause(cause: Cause): Cause {
  checkObject(cause, 'a cause');
  const { kind, id, depth } = cause;
  checkText(kind, 'the kind of a cause');
  checkText(id, 'the id of a cause');
  if (depth === undefined) return { kind, id };
  if (Number.isSafeInteger(depth) && depth >= 0) return { kind, id, depth };
  throw invalid('the depth of a cause must be a non-negative integer');
}

/** What the caller names, detached from the object that it came in. */
export function refOf(ref: Ref): Ref {
  checkObject(ref, 'a ref');
  const { scope, key } = ref;
  checkScope(scope);
  checkKey(key);
  return { scope, key };
}

/** The position, detached from the object that it came in. */
export function positionFrom(position: Position): Position {
  checkObject(position, 'a position');
  const { incarnation, revision } = position;
  if (typeof incarnation !== 'string' || !Number.isSafeInteger(revision) || revision < 0) {
    throw invalid('a position must come from a receipt, a page or a head');
  }
  return { incarnation, revision };
}

export function checkTtl(ttlMs: number, ref: Ref): void {
  if (Number.isSafeInteger(ttlMs) && ttlMs > 0 && ttlMs <= limits.ttlMsMax) return;
  throw invalid(
    `ttlMs of '${ref.key}' in '${ref.scope}' must be a whole number of milliseconds from 1 to ` +
      `${limits.ttlMsMax}, not ${shown(ttlMs)}`,
    { scope: ref.scope, key: ref.key, ttlMs },
  );
}

function checkExpiresAt(expiresAt: number, set: Ref & { readonly ttlMs?: unknown }): number {
  if (Number.isSafeInteger(expiresAt) && expiresAt > 0 && set.ttlMs === undefined) return expiresAt;
  throw invalid(
    `expiresAt of '${set.key}' in '${set.scope}' must be milliseconds since 1970, without a ttlMs`,
    { scope: set.scope, key: set.key, expiresAt },
  );
}

function checkSchema(schema: number): number {
  if (Number.isSafeInteger(schema) && schema >= 0) return schema;
  throw invalid('a schema version must be a non-negative integer', { schema });
}

function digestOf(
  checks: readonly PreparedCheck[],
  mutations: readonly PreparedMutation[],
): string {
  const parts: unknown[] = [];
  for (const { source, value } of checks) parts.push({ ...source, value: contentKey(value) });
  for (const { kind, address, value, operations, ttlMs, expiresAt, schema } of mutations) {
    parts.push([kind, address, contentKey(value), operations, ttlMs, schema, expiresAt]);
  }
  return Buffer.from(sha256(JSON.stringify(parts)))
    .toString('base64url')
    .slice(0, 16);
}

function contentKey(value: StoredValue | undefined): unknown {
  if (value === undefined) return null;
  if (typeof value.content === 'string') return value.content;
  return [Buffer.from(value.content).toString('base64')];
}
