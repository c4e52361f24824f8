/**
 * `transact`: read these, decide, write atomically. One shape for pessimistic and optimistic
 * engines.
 *
 * T1. `decide` is pure and synchronous. It may be called any number of times, each time with a view
 *     that was true at one moment since the call began; only the last answer is applied. A view may
 *     be older if the whole of it, counts and head's totals too, is validated like an entry.
 * T2. It is applied only if every entry in its last view is still at the version that was seen, the
 *     incarnation is still the same, and what the decision `holds` is so. This goes for a decision
 *     that writes nothing, too. Nothing else is validated: two processes that touch different keys
 *     do not invalidate each other, though they count in one scope.
 * T3. All of a work's decision is applied, or none. The works of one call may share a transaction;
 *     an engine of `grouping: 'ledger'` is given one work a call.
 * T4. `version = base + offset`; the engine draws `base` when it applies, in the order of commits:
 *     a reader that sees revision n sees every revision below it.
 * T5. A commit's time is drawn with its base: max(engine clock, the view's time, the ledger's last
 *     commit time), never backwards. It is what its entries carry as `updatedAt`.
 * T6. A lost answer is `unknown`, never a guess. `Engine.resolve` tells what became of it.
 *
 * Tried against a real Postgres and a real Redis before it was frozen: docs/decisions/0003.
 */
import type { Content, Head, Ref, ScopeStat, StoredEntry } from './entry.ts';

/**
 * What `decide` sees, as of one moment. `entries` and `scopes` are in the order in which the work
 * asked: its `reads` first, then what each `Need` added. A `Need` stays with the work for later
 * calls.
 */
export interface View {
  readonly head: Head;
  /** The time to judge by. A commit of this decision carries this time or a later one. */
  readonly time: number;
  /** Undefined where there is no such entry. */
  readonly entries: readonly (StoredEntry | undefined)[];
  /** Zeroes where there is no such scope. */
  readonly scopes: readonly ScopeStat[];
}

export interface Reads {
  readonly refs: readonly Ref[];
  readonly scopes: readonly string[];
}

/** A put or a delete of one entry. A decision has at most one per address. */
export type Write = PutWrite | DeleteWrite;

export interface PutWrite extends Ref {
  readonly kind: 'put';
  readonly content: Content;
  readonly offset: number;
  /** Undefined if this commit creates the entry: then it is the commit's time. */
  readonly createdAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly schema: number;
  readonly size: number;
  readonly external: boolean;
}

export interface DeleteWrite extends Ref {
  readonly kind: 'delete';
}

/** A blind change of a scope's counts: added to what is there, whatever that is. */
export interface ScopeDelta {
  readonly scope: string;
  readonly entries: number;
  readonly bytes: number;
  /** The scope's last revision becomes base + offset; undefined leaves it (unlogged upkeep). */
  readonly offset: number | undefined;
}

/** One row of the log holds one group of commits. */
export interface LogAppend {
  readonly body: string;
  /** What a reader needs to skip the row unread: the scopes in it. Opaque to the engine. */
  readonly tags: string;
}

/** Limits on a count, both inclusive. */
export interface Bound {
  readonly least?: number | undefined;
  readonly most?: number | undefined;
}

/** What a decision rests on beyond the entries that it read. Counts are those before its change. */
export interface Holds extends CountBounds {
  readonly scopes?: readonly ScopeHold[] | undefined;
}

/** Of a scope, or of the whole ledger as its head counts. */
export interface CountBounds {
  readonly entries?: Bound | undefined;
  readonly bytes?: Bound | undefined;
}

export interface ScopeHold extends CountBounds {
  readonly scope: string;
  /** The scope is unchanged: its last revision is exactly this one. */
  readonly revision?: number | undefined;
}

/** What `decide` answers: apply this, or read more first. */
export type Verdict = Decision | Need;

export interface Need {
  readonly kind: 'need';
  readonly reads: Reads;
}

export interface Decision {
  readonly kind: 'decision';
  /** How many revisions the decision takes: at least 1 if there is any write. */
  readonly revisions: number;
  readonly writes: readonly Write[];
  readonly scopes: readonly ScopeDelta[];
  readonly log: LogAppend | undefined;
  /** Drops the log rows whose last revision is at or below this one. */
  readonly trimThrough?: number | undefined;
  /** Replaces bodies of log rows, by the row's last revision (erasure). */
  readonly rewrites?: readonly { readonly last: number; readonly body: string }[] | undefined;
  readonly holds?: Holds | undefined;
  /**
   * The earliest `expiresAt` of the entries that were taken as alive. If the engine's clock has
   * reached it by the time of applying, though `view.time` had not, the engine decides again.
   */
  readonly validUntil?: number | undefined;
}

/** One ledger's part of a transaction. */
export interface Work {
  readonly ledger: string;
  readonly reads: Reads;
  decide(view: View): Verdict;
}

/** `sync` is durable before the call resolves; `relaxed` at the latest after the next `flush`. */
export type Durability = 'sync' | 'relaxed';

/** Names one call of `transact` in the engine, so that a lost answer can be resolved. */
export interface Stamp {
  /** The process, unique to one opening of the engine. */
  readonly member: string;
  /** Grows with each call of the member. */
  readonly sequence: number;
}

export interface TransactOptions {
  readonly stamp: Stamp;
  readonly durability: Durability;
}

export interface Applied {
  readonly kind: 'applied';
  /** The ledger's revision before the decision; its first revision is base + 1. */
  readonly base: number;
  readonly incarnation: string;
  readonly time: number;
}

/** The answer was lost after the request was sent: it may have been applied. */
export interface Unknown {
  readonly kind: 'unknown';
  readonly cause: unknown;
}

export type Outcome = Applied | Unknown;
