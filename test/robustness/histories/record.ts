/** What a writer saw of one call: when it was asked, when it was answered, and what. */

interface Spanned {
  /** Nanoseconds of the machine's monotonic clock, which all processes share. */
  readonly asked: string;
  readonly answered: string;
}

export interface ReadRecord extends Spanned {
  readonly kind: 'read';
  /** The version of each key, as of one moment; 0 where there was none. */
  readonly versions: Readonly<Record<string, number>>;
}

export interface CommitRecord extends Spanned {
  readonly kind: 'commit';
  readonly revision: number;
  /** The versions that it insisted on. */
  readonly checked: Readonly<Record<string, number>>;
  /** The revision since which the scope had to be unchanged, if it asked for that. */
  readonly unchangedSince: number | undefined;
  /** The keys that it wrote. */
  readonly wrote: readonly string[];
}

export interface ConflictRecord extends Spanned {
  readonly kind: 'conflict';
  readonly checked: Readonly<Record<string, number>>;
  readonly unchangedSince: number | undefined;
  /** Where it was judged, and what the first failed check found. */
  readonly at: number;
}

export type HistoryRecord = ReadRecord | CommitRecord | ConflictRecord;

export const scope = 'registers';
export const keys = ['a', 'b', 'c', 'd'] as const;
