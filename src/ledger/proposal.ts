/**
 * What a caller asks of a ledger, and what it is answered. Plain data: it crosses a wire and waits
 * in a queue.
 *
 * A proposal is all or nothing. A failed check is an answer (`Conflict`), not an exception;
 * malformed or inapplicable input throws and changes nothing.
 */
import type { Ref } from '../engine/index.ts';
import type { Operation } from './operations/index.ts';
import type { Position } from './position.ts';
import type { StoredValue } from './value/index.ts';

export interface VersionCheck extends Ref {
  readonly kind: 'version';
  /** The version that the entry must have; 0 means that there must be none. */
  readonly version: number;
}

export interface ValueCheck extends Ref {
  readonly kind: 'value';
  /** The value that the entry must have, compared by structure, not by text. */
  readonly value: unknown;
}

/**
 * No commit after `since` may have written, deleted or expired an entry of the scope: no phantoms.
 */
export interface ScopeCheck {
  readonly kind: 'unchanged';
  readonly scope: string;
  readonly since: Position;
}

/** The ownership of `resource` must still be of this epoch: the fence against a stale owner. */
export interface EpochCheck {
  readonly kind: 'epoch';
  readonly resource: string;
  readonly epoch: number;
}

export type Check = VersionCheck | ValueCheck | ScopeCheck | EpochCheck;

export interface SetMutation extends Ref {
  readonly kind: 'set';
  /** Any JSON value, a `Uint8Array`, or a `StoredValue`. */
  readonly value: unknown;
  /** Time to live from the commit on. Left out: the entry never expires. 'keep': as it was. */
  readonly ttlMs?: number | 'keep' | undefined;
  /**
   * The moment of expiry itself, in place of `ttlMs`: for entries that come from elsewhere. If it
   * has passed by the time of the commit, the entry is deleted.
   */
  readonly expiresAt?: number | undefined;
  /** Recorded with the entry; 0 if left out. */
  readonly schema?: number | undefined;
}

export interface DeleteMutation extends Ref {
  readonly kind: 'delete';
}

/** Gives an entry that exists a new time to live, or none with null. Writes no value. */
export interface TouchMutation extends Ref {
  readonly kind: 'touch';
  readonly ttlMs: number | null;
}

export interface UpdateMutation extends Ref {
  readonly kind: 'update';
  readonly operations: readonly Operation[];
  /** Left out: an existing entry keeps its expiry, a new one gets none. */
  readonly ttlMs?: number | null | undefined;
  /** Left out: as it was. */
  readonly schema?: number | undefined;
}

export type Mutation = SetMutation | DeleteMutation | TouchMutation | UpdateMutation;

/** Makes a retry safe: a repeat within the client's window returns the first receipt. */
export interface IdempotencyStamp {
  readonly client: string;
  /** Positive; grows with each proposal of the client. */
  readonly sequence: number;
  /**
   * The stamp is for the repeats of one call whose answer was lost: an outcome that changed nothing
   * leaves no trace, as a conflict does, and is judged anew.
   */
  readonly perCall?: boolean | undefined;
}

/** What made somebody propose this; the server stamps it. */
export interface Cause {
  readonly kind: string;
  readonly id: string;
  /** How many causes stand behind this one: guards against loops. */
  readonly depth?: number | undefined;
}

/** What a scope may hold once the proposal is applied. */
export interface ScopeQuota {
  readonly scope: string;
  readonly entries?: number | undefined;
  /** Bytes of keys and values. */
  readonly bytes?: number | undefined;
}

export interface Proposal {
  readonly checks?: readonly Check[] | undefined;
  readonly mutations?: readonly Mutation[] | undefined;
  /**
   * Makes the proposal `quota_exceeded` if a scope that it names would grow beyond. The store's own
   * quotas hold all the same: where there are two, the tighter one decides.
   */
  readonly quotas?: readonly ScopeQuota[] | undefined;
  readonly stamp?: IdempotencyStamp | undefined;
  /** Default 'sync'. */
  readonly durability?: 'sync' | 'relaxed' | undefined;
  /** 'values' puts old and new values into the results. Default 'versions'. */
  readonly returns?: 'versions' | 'values' | undefined;
  readonly actor?: string | undefined;
  readonly cause?: Cause | undefined;
}

/**
 * `none`: the engine keeps nothing through a restart. `relaxed`: a power cut may take it for a
 * short while yet; all that an engine whose server syncs on its own can give.
 */
export type GivenDurability = 'none' | 'relaxed' | 'sync';

export interface MutationResult {
  /** What happened to the entry; `none` where nothing changed (a delete or touch of nothing). */
  readonly change: 'created' | 'updated' | 'deleted' | 'none';
  /** The entry's version now; 0 if there is none. */
  readonly version: number;
  /** With `returns: 'values'`: the value before and after, where there was one. */
  readonly previous?: StoredValue | undefined;
  readonly value?: StoredValue | undefined;
}

export interface Receipt {
  readonly kind: 'committed';
  /** Of the commit; of the head if nothing changed. */
  readonly position: Position;
  readonly time: number;
  readonly durability: GivenDurability;
  /** One per mutation, in order. */
  readonly results: readonly MutationResult[];
  /** Whether this answers a repeat of an idempotency stamp; nothing was applied this time. */
  readonly replayed: boolean;
}

export interface CheckFailure {
  /** Index into `proposal.checks`. */
  readonly index: number;
  readonly check: Check;
  /**
   * What there was instead: the entry's version (0 = none), the revision of the scope's last
   * change (perhaps not the very last by `position`), or the ownership's epoch (0 = none).
   */
  readonly actual: number;
}

export interface Conflict {
  readonly kind: 'conflict';
  readonly failures: readonly CheckFailure[];
  /** Where the checks were judged. */
  readonly position: Position;
}

export type CommitAnswer = Receipt | Conflict;
