/** What callers of a watch pass in and get back. */
import type { ChangeKind, Position } from '../../ledger/index.ts';
import type { WatchedChange } from './watched-change.ts';

export interface WatchTerms {
  /** Goes on behind this position. Left out: from now on, the moment of the call. */
  readonly after?: Position | undefined;
  /** Begins with what is there now, then gives every change since. Not with `after`. */
  readonly snapshot?: boolean | undefined;
  /** Only changes of these kinds. Default: all. */
  readonly kinds?: readonly ChangeKind[] | undefined;
  /** Leaves all values out. */
  readonly keysOnly?: boolean | undefined;
  /**
   * Changes in one event, at most: 1 to 10,000, default 1,000. A commit that has more stays whole.
   */
  readonly batchMax?: number | undefined;
  /** Waits this long for more changes before an event that is not full. Default 0. */
  readonly batchMs?: number | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

export interface ScopeWatchOptions extends WatchTerms {
  /** One key. Not with `prefix`. */
  readonly key?: string | undefined;
  readonly prefix?: string | undefined;
}

export interface AppWatchOptions extends ScopeWatchOptions {
  /** One scope; `key` and `prefix` need it. Left out: every scope. */
  readonly scope?: string | undefined;
  /** Shows the scopes of layers too, whose names start with `$`. Default false. */
  readonly internal?: boolean | undefined;
}

/** An entry of a snapshot. Times are milliseconds since the Unix epoch. */
export interface WatchedEntry<Out> {
  readonly scope: string;
  readonly key: string;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number | undefined;
  /** Undefined with `keysOnly`. */
  readonly value: Out;
}

export interface WatchSnapshot<Out> {
  readonly kind: 'snapshot';
  readonly entries: readonly WatchedEntry<Out>[];
  /** The one moment that all entries of the snapshot are of. */
  readonly position: Position;
  /** Whether this was all of it: changes since `position` follow. */
  readonly isLast: boolean;
}

export interface WatchChanges<Out> {
  readonly kind: 'changes';
  /** In order; those of one commit are never torn apart. */
  readonly changes: readonly WatchedChange<Out>[];
  /** What a later watch goes on from. */
  readonly position: Position;
}

/**
 * The watch cannot go on without a gap, and ends: start again with a snapshot. `trimmed`: the log
 * is gone from there. `regressed`: the history is another one, as after a restored backup.
 */
export type WatchEnd =
  | { readonly kind: 'trimmed'; readonly head: Position }
  | { readonly kind: 'regressed'; readonly head: Position };

export type WatchEvent<Out = unknown> = WatchSnapshot<Out> | WatchChanges<Out> | WatchEnd;
