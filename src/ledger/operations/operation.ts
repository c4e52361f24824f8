/**
 * The operations of an update, as a caller writes them and as the ledger applies them.
 *
 * Plain data: an operation crosses a wire, waits in a queue and stays in the log.
 * `docs/update-operations.md` says what each does where nothing, or the wrong thing, is there.
 */
import type { Segment } from '../value/index.ts';

/** Names and array indexes, or a JSON Pointer. Left out, `''` and `[]`: the whole value. */
export type OperationPath = string | readonly Segment[];

interface AtPath {
  readonly path?: OperationPath | undefined;
}

export interface SetOperation extends AtPath {
  readonly op: 'set';
  readonly value: unknown;
}

/** Adds the members of an object. A null member is a value, it deletes nothing. */
export interface MergeOperation extends AtPath {
  readonly op: 'merge';
  readonly value: object;
  /** Merges objects into objects at every level; arrays are replaced. Default false. */
  readonly deep?: boolean | undefined;
}

export interface CountOperation extends AtPath {
  readonly op: 'increment' | 'decrement';
  /** Default 1. */
  readonly by?: number | undefined;
}

/** Puts one element (`value`) or several (`values`) at the end or the start of an array. */
export interface ExtendOperation extends AtPath {
  readonly op: 'append' | 'prepend';
  readonly value?: unknown;
  readonly values?: readonly unknown[] | undefined;
}

export interface RemoveOperation extends AtPath {
  readonly op: 'remove';
}

/** Puts an element before the one at `index`, or at the index that the path ends in. */
export interface InsertOperation extends AtPath {
  readonly op: 'insert';
  readonly value: unknown;
  /** '-' stands for the end. */
  readonly index?: number | '-' | undefined;
}

export interface BoundOperation extends AtPath {
  readonly op: 'min' | 'max';
  readonly value: number | string;
}

export interface MemberOperation extends AtPath {
  readonly op: 'addToSet' | 'pull';
  readonly value: unknown;
}

export type Operation =
  | SetOperation
  | MergeOperation
  | CountOperation
  | ExtendOperation
  | RemoveOperation
  | InsertOperation
  | BoundOperation
  | MemberOperation;

export type OperationName = Operation['op'];

interface Checked {
  readonly path: readonly Segment[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * An operation that passed `checkOperations`: its path is a list, its defaults are written out, and
 * its values are its own. It is an `Operation` too, and checking it again changes nothing.
 */
export type CheckedOperation =
  | (Checked & SetOperation)
  | (Checked & MergeOperation & { readonly value: Json; readonly deep: boolean })
  | (Checked & CountOperation & { readonly by: number })
  | (Checked & ExtendOperation & { readonly values: readonly unknown[] })
  | (Checked & RemoveOperation)
  | (Checked & InsertOperation & { readonly index: number | '-' })
  | (Checked & BoundOperation)
  | (Checked & MemberOperation);
