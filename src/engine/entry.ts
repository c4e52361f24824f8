/**
 * What an engine stores and how it is addressed.
 *
 * An engine carries these fields and interprets only the address, the version and the expiry index.
 * It never reads a value.
 */

/** The address of an entry in a ledger. Keys sort by UTF-8 bytes. */
export interface Ref {
  readonly scope: string;
  readonly key: string;
}

/** Text (stored as UTF-8) or raw bytes. An engine gives back the one that it was given. */
export type Content = string | Uint8Array;

export interface StoredEntry extends Ref {
  readonly content: Content;
  /** The revision that last wrote the entry. */
  readonly version: number;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /**
   * Gone for every reader from this millisecond on. The ledger decides; the engine only indexes it.
   */
  readonly expiresAt: number | undefined;
  /** The schema version that the value was written with; 0 where there is none. */
  readonly schema: number;
  /** Bytes that the entry counts for in its scope: key and value, wherever the value is. */
  readonly size: number;
  /** Whether `content` only names where the ledger keeps the value. */
  readonly external: boolean;
}

/**
 * One scope, in key order. `from` is inclusive, `to` exclusive, `after` exclusive in scan
 * direction.
 */
export interface ScanRange {
  readonly scope: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly after?: string | undefined;
  readonly reverse: boolean;
  /** At most this many entries; fewer only if there are no more. */
  readonly limit: number;
  /** Leaves `content` empty and unread. */
  readonly keysOnly: boolean;
}

/** Counts of one scope, exact as of the read that returned them. */
export interface ScopeStat {
  readonly scope: string;
  readonly entries: number;
  readonly bytes: number;
  /** The last revision that wrote, deleted or expired an entry of the scope. */
  readonly revision: number;
}

/** A scope's counts with those of its entries that are past their expiry but not yet swept. */
export interface ScopeCensus extends ScopeStat {
  readonly expiredEntries: number;
  readonly expiredBytes: number;
}

/** Where a ledger stands. */
export interface Head {
  /** The incarnation of the last commit; empty before the first. */
  readonly incarnation: string;
  /** The last revision; 0 before the first commit. */
  readonly revision: number;
  /** The time of the last commit, in milliseconds since the Unix epoch. */
  readonly time: number;
  /** The log is gone up to and including this revision. */
  readonly trimmed: number;
  /** Totals over the ledger's scopes, the `$ledger/` ones left out. */
  readonly entries: number;
  readonly bytes: number;
  /** Bytes of all log bodies. */
  readonly logBytes: number;
}

/**
 * A stretch of a ledger's history: the commits after `from`, up to the next incarnation's `from`.
 */
export interface Incarnation {
  readonly id: string;
  readonly from: number;
}
