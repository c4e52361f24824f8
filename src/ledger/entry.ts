/** Entries as a ledger shows them: alive, with their value in its stored form. */
import type { StoredValue } from './value/index.ts';

/** Everything about an entry but its value. Times are milliseconds since the Unix epoch. */
export interface EntryHead {
  readonly scope: string;
  readonly key: string;
  /** The revision that last wrote the entry. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The entry is gone from this millisecond on; undefined means never. */
  readonly expiresAt: number | undefined;
  /** The schema version that the value was written with; 0 where there is none. */
  readonly schema: number;
  /** Bytes of key and value. */
  readonly size: number;
}

export interface Entry extends EntryHead {
  /** `value.decode()` gives a fresh copy each time: nothing done to it can change the store. */
  readonly value: StoredValue;
}
