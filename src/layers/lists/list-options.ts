/** What callers of a list pass in and get back. Plain data. */
import type { Position } from '../../ledger/index.ts';
import type { CodecOptions } from '../scopes/index.ts';

export interface ListOptions<In, Out> extends CodecOptions<In, Out> {
  /**
   * How long the whole list lives after its last append. Kept with the list: left out, it is as the
   * list has it (a new list: for ever); null makes it live for ever from the next append on.
   */
  readonly ttlMs?: number | null | undefined;
}

export interface ListItem<Out> {
  readonly index: number;
  readonly value: Out;
  /** When it was appended, in milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

export interface Appended {
  /** The index of the first item that was appended. */
  readonly from: number;
  /** One behind the last. */
  readonly to: number;
  /** Where in the log: what a watch can go on from. */
  readonly position: Position;
}

export interface ListBounds {
  /** The index of the oldest item that is left; trimming raises it. */
  readonly first: number;
  /** The index that the next item will have. */
  readonly next: number;
}

export interface ListEntriesOptions {
  /** Inclusive. Default: the first. */
  readonly from?: number | undefined;
  /** Exclusive. Default: the end. */
  readonly to?: number | undefined;
  readonly reverse?: boolean | undefined;
  /** Ends after this many. Default: all. */
  readonly limit?: number | undefined;
  /** Items per round trip, 1 to 10,000. Default 500. */
  readonly pageSize?: number | undefined;
}

export type Trim =
  /** Keeps the newest n. */
  | { readonly keepLast: number }
  /** Drops every item below this index. */
  | { readonly before: number };
