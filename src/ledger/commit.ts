/**
 * The log as readers see it: commits in order, each with its changes.
 *
 * Folding the commits gives the state. An expiry is a commit of its own with one `expired` change.
 */
import type { Operation } from './operations/index.ts';
import type { Position } from './position.ts';
import type { Cause } from './proposal.ts';
import type { StoredValue } from './value/index.ts';

export type ChangeKind = 'created' | 'updated' | 'deleted' | 'expired';

/** What an entry was before a change. */
export interface PreviousEntry {
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number | undefined;
  readonly schema: number;
  /** Bytes of key and value. */
  readonly size: number;
  /** Undefined with `keysOnly`, or if the value was erased. */
  readonly value: StoredValue | undefined;
}

export interface Change {
  readonly scope: string;
  readonly key: string;
  readonly kind: ChangeKind;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly schema: number;
  readonly size: number;
  /** Undefined for `deleted` and `expired`, with `keysOnly`, or if the value was erased. */
  readonly value: StoredValue | undefined;
  /** Undefined for `created`. */
  readonly previous: PreviousEntry | undefined;
  /** The operations of an update, where the change came from one. */
  readonly operations?: readonly Operation[] | undefined;
  /** Whether somebody erased the values of this change. */
  readonly erased?: true | undefined;
}

export interface Commit {
  readonly position: Position;
  readonly time: number;
  readonly changes: readonly Change[];
  readonly actor?: string | undefined;
  readonly cause?: Cause | undefined;
}

/** A stretch of the log, or why there is none: start again from a snapshot at `head`. */
export type LogPage =
  | {
      readonly kind: 'commits';
      /** Oldest first; commits without a change that matches the filter are left out. */
      readonly commits: readonly Commit[];
      /** Everything up to here was looked at: the position to go on from. */
      readonly through: Position;
      readonly head: Position;
    }
  | { readonly kind: 'trimmed'; readonly head: Position }
  | { readonly kind: 'regressed'; readonly head: Position };
