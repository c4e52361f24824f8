/**
 * What a group decided about each of its proposals, in offsets: revisions become absolute once the
 * engine has drawn the base.
 */
import type { Applied } from '../../engine/index.ts';
import type { HoldfastError } from '../../errors/index.ts';
import type { ChangeKind } from '../commit.ts';
import type { Operation } from '../operations/index.ts';
import type { Cause, CommitAnswer, GivenDurability, MutationResult } from '../proposal.ts';
import { StoredValue } from '../value/index.ts';
import type { Draft, Slot } from './draft.ts';
import type { PreparedCheck } from '../door/prepared.ts';

/** One entry's part in a commit. */
export interface DecidedChange {
  readonly slot: Slot;
  readonly kind: ChangeKind;
  readonly before: Draft | undefined;
  readonly after: Draft | undefined;
  readonly operations: readonly Operation[] | undefined;
  /** Keeps the old value out of the log. */
  readonly erased: boolean;
}

export interface DecidedCommit {
  readonly offset: number;
  readonly actor: string | undefined;
  readonly cause: Cause | undefined;
  readonly changes: readonly DecidedChange[];
}

export interface DecidedResult {
  readonly change: MutationResult['change'];
  readonly previous: Draft | undefined;
  readonly value: Draft | undefined;
}

export interface DecidedFailure {
  readonly index: number;
  readonly check: PreparedCheck;
  /** Absolute, or counted from the base if `pending`. */
  readonly actual: number;
  readonly pending: boolean;
}

export type Decided =
  | {
      readonly kind: 'committed';
      /** 0 if the proposal changed nothing. */
      readonly offset: number;
      /** Of the last commit before it, for a proposal that changed nothing. */
      readonly headOffset: number;
      readonly results: readonly DecidedResult[];
      readonly wantsValues: boolean;
    }
  | {
      readonly kind: 'conflict';
      readonly failures: readonly DecidedFailure[];
      readonly headOffset: number;
    }
  | {
      readonly kind: 'replayed';
      /** Absolute, or counted from the base if `pending`: a repeat within the same group. */
      readonly revision: number;
      readonly pending: boolean;
      /** Undefined if `pending`. */
      readonly time: number | undefined;
      readonly codes: string;
    }
  | { readonly kind: 'error'; readonly error: HoldfastError };

/**
 * What the caller is told. `replayed` answers name only versions; the log still knows the values.
 */
export function settle(
  decided: Exclude<Decided, { kind: 'error' }>,
  applied: Applied,
  durability: GivenDurability,
): CommitAnswer {
  const { base, incarnation, time } = applied;
  switch (decided.kind) {
    case 'committed': {
      const revision = base + (decided.offset === 0 ? decided.headOffset : decided.offset);
      return {
        kind: 'committed',
        position: { incarnation, revision },
        time,
        durability,
        results: decided.results.map((result) => settleResult(result, decided, base)),
        replayed: false,
      };
    }
    case 'conflict':
      return {
        kind: 'conflict',
        failures: decided.failures.map(({ index, check, actual, pending }) => ({
          index,
          check: check.source,
          actual: pending ? base + actual : actual,
        })),
        position: { incarnation, revision: base + decided.headOffset },
      };
    case 'replayed': {
      const revision = decided.pending ? base + decided.revision : decided.revision;
      return {
        kind: 'committed',
        position: { incarnation, revision },
        time: decided.time ?? time,
        durability,
        results: decided.codes.split('').map((code) => resultOfCode(code, revision)),
        replayed: true,
      };
    }
  }
}

function settleResult(
  result: DecidedResult,
  { offset, wantsValues }: { readonly offset: number; readonly wantsValues: boolean },
  base: number,
): MutationResult {
  const { change, previous, value } = result;
  const version = versionOf(result, offset, base);
  if (!wantsValues) return { change, version };
  return { change, version, previous: storedValue(previous), value: storedValue(value) };
}

/** Mutations that fold to one change share its version; 0 if they came to nothing. */
function versionOf({ change, value }: DecidedResult, offset: number, base: number): number {
  if (value === undefined) return 0;
  if (change !== 'none') return offset === 0 ? 0 : base + offset;
  return value.offset > 0 ? base + value.offset : value.version;
}

function storedValue(draft: Draft | undefined): StoredValue | undefined {
  return draft?.content === undefined ? undefined : StoredValue.trusted(draft.content);
}

const codes = { created: 'c', updated: 'u', deleted: 'd', none: 'n' } as const;
const changeNames: Readonly<Record<string, MutationResult['change']>> = {
  c: 'created',
  u: 'updated',
  d: 'deleted',
};

/** In capitals if the proposal came to nothing: then no result has a version. */
export function codeOfResults(results: readonly DecidedResult[], offset: number): string {
  const text = results.map((result) => codes[result.change]).join('');
  return offset === 0 ? text.toUpperCase() : text;
}

function resultOfCode(code: string, revision: number): MutationResult {
  if (code === 'c') return { change: 'created', version: revision };
  if (code === 'u') return { change: 'updated', version: revision };
  return { change: changeNames[code.toLowerCase()] ?? 'none', version: 0 };
}
