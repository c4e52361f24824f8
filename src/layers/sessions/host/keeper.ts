/**
 * How a host keeps the state of a session: what it sends to a worker, and how it takes in what a
 * worker answers.
 *
 * R1. A keeper writes nothing: it answers mutations for the commit of the turn.
 * R2. `fold` throws for an answer that does not lead from the base to the hash that it claims,
 *     whatever is wrong with it; what is stored is then untouched.
 * R3. Where others changed the session since it was loaded, `fold` may throw, and the others may
 *     answer undefined or what a worker will find wrong; the commit would have been refused anyway.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Mutation } from '../../../ledger/index.ts';
import type { StateHash } from '../state/set-hash.ts';
import type { Base, RecordInfo, StoredSession } from '../stored-session.ts';

/** A worker's answer. */
export interface Answer {
  readonly delta: Uint8Array | undefined;
  readonly snapshot: Uint8Array | undefined;
  /** Undefined where the wire has no place for it: then nothing is compared. */
  readonly hash: StateHash | undefined;
}

export interface Folded {
  readonly hash: StateHash;
  readonly mutations: readonly Mutation[];
  /** What becomes `earlier` of the head. */
  readonly earlier: readonly Base[];
  readonly records?: readonly RecordInfo[] | undefined;
}

export interface Keeper {
  /** Of a session before its first turn. */
  readonly emptyHash: StateHash;
  /** Undefined if the state that is stored is not `base` any more. */
  snapshot(session: StoredSession, base: Base): Promise<Uint8Array | undefined>;
  /** What leads from one state to another, if it is at hand. */
  delta(session: StoredSession, from: Base, base: Base): Promise<Uint8Array | undefined>;
  fold(session: StoredSession, base: Base, answer: Answer): Promise<Folded>;
}

export function isSame(a: Base, b: Base): boolean {
  return a.version === b.version && a.hash === b.hash;
}

/** Not the worker's fault: the commit would have been refused. */
export function overtaken({ name }: StoredSession): HoldfastError {
  return new HoldfastError('contended', `session '${name}' was changed meanwhile`, {
    details: { session: name },
  });
}
