/** What callers of a scope pass in and get back. Plain data. */
import type { Cause, EntryHead, Position } from '../../ledger/index.ts';
import type { QuotaOptions } from './declared-quotas.ts';
import type { CodecOptions } from './values/value-codec.ts';

export interface ScopeOptions<In, Out> extends CodecOptions<In, Out> {
  /**
   * Time to live of what is written, unless the write says otherwise. Each write starts it anew.
   */
  readonly ttlMs?: number | undefined;
  /**
   * How much the scope may hold, for what is written through this handle: a write that would make
   * it grow beyond is `quota_exceeded`. The store's own quotas hold beside it, for everybody.
   */
  readonly quota?: QuotaOptions | undefined;
}

/** Said once for many commits. */
export interface CommitTerms {
  /** Default 'sync': resolved only once it is durable. 'relaxed' is flushed a little later. */
  readonly durability?: 'sync' | 'relaxed' | undefined;
  /** Who did it and why, for the log. A server stamps its own. */
  readonly actor?: string | undefined;
  readonly cause?: Cause | undefined;
}

/** Left out: the scope's own. null: the entry never expires. 'keep': as it was. */
export type TimeToLive = number | null | 'keep';

export interface WriteOptions {
  readonly ttlMs?: TimeToLive | undefined;
  readonly durability?: 'sync' | 'relaxed' | undefined;
  /** 'values' adds the old and the new value to the result. */
  readonly returns?: 'versions' | 'values' | undefined;
}

export interface RangeOptions {
  readonly prefix?: string | undefined;
  /** Inclusive, by UTF-8 bytes. */
  readonly from?: string | undefined;
  /** Exclusive, by UTF-8 bytes. */
  readonly to?: string | undefined;
}

export interface KeysOptions extends RangeOptions {
  readonly reverse?: boolean | undefined;
  /** Ends after this many. Default: all. */
  readonly limit?: number | undefined;
  /** Entries per round trip, 1 to 10,000. Default 500. */
  readonly pageSize?: number | undefined;
  /** Goes on behind an earlier `page`, in the same state of the scope. */
  readonly cursor?: string | undefined;
}

export interface EntriesOptions extends KeysOptions {
  /**
   * Called with each entry that the schema refuses, which is then left out. Without it such an
   * entry ends the iteration with `schema_mismatch`.
   */
  readonly onRefused?: ((error: unknown, key: string) => void) | undefined;
}

/** A key's value and what is known about it. Times are milliseconds since the Unix epoch. */
export interface ScopeEntry<Out> extends Omit<EntryHead, 'scope'> {
  readonly value: Out;
}

export interface ScopePage<Out> {
  readonly entries: readonly ScopeEntry<Out>[];
  /** Undefined after the last page. */
  readonly cursor: string | undefined;
}

export interface Written {
  readonly change: 'created' | 'updated' | 'deleted' | 'none';
  /** The entry's version now; 0 if there is none. */
  readonly version: number;
  /** Where in the log: what a watch can go on from. */
  readonly position: Position;
}

export interface WrittenValues<Out> extends Written {
  /** Undefined where there was none, and where there was one that the schema refuses. */
  readonly previous: Out | undefined;
  /** Undefined where there is none now. */
  readonly value: Out | undefined;
  /** Why `previous` is missing though there was one: the error of its `schema_mismatch`. */
  readonly refused?: unknown;
}

/** What a compare-and-set expects to find. */
export type Expectation<In> =
  | { readonly version: number }
  /** Compared by structure. */
  | { readonly value: In }
  | { readonly absent: true };

export type Swapped =
  | ({ readonly kind: 'swapped' } & Written)
  /** Nothing was written. `version` is the one that is there, 0 if there is no entry. */
  | { readonly kind: 'conflict'; readonly version: number; readonly position: Position };

export interface MigrationReport {
  /** Entries rewritten in the current version. */
  readonly migrated: number;
  /** Entries that were in it already. */
  readonly current: number;
  /** Entries that were left as they are because no migration or schema accepts them. */
  readonly refused: readonly { readonly key: string; readonly error: unknown }[];
}
