/**
 * What an engine does with the answers of `decide`, whichever engine it is.
 *
 * V1. Every `Need` that a work ever answered is kept, in the order of the answers and with its
 *     repetitions: a `decide` may find its reads by counting what it asked for.
 * V2. What a decision `holds` is judged alike, by whatever engine.
 * V3. A decision that breaks the contract is refused before anything of the call is applied.
 *
 * Not here: applying a decision. Each engine has its own way.
 */
import { HoldfastError } from '../errors/index.ts';
import type { Head, ScopeStat } from './entry.ts';
import type { Bound, CountBounds, Decision, Holds, Need, Reads, Write } from './transaction.ts';

/** The reads of a work's next view, after it answered `need`. */
export function joinReads(reads: Reads, need: Need): Reads {
  if (need.reads.refs.length === 0 && need.reads.scopes.length === 0) {
    throw broken('a need that asks for nothing would be asked forever');
  }
  return {
    refs: [...reads.refs, ...need.reads.refs],
    scopes: [...reads.scopes, ...need.reads.scopes],
  };
}

/** Whether a ledger with this head and these counts is as a decision needs it (T2). */
export function isHeld(
  holds: Holds | undefined,
  head: Head,
  statOf: (scope: string) => ScopeStat,
): boolean {
  if (holds === undefined) return true;
  if (!areWithin(head, holds)) return false;
  return (holds.scopes ?? []).every((hold) => {
    const stat = statOf(hold.scope);
    if (hold.revision !== undefined && hold.revision !== stat.revision) return false;
    return areWithin(stat, hold);
  });
}

function areWithin(
  counts: { readonly entries: number; readonly bytes: number },
  bounds: CountBounds,
): boolean {
  return isWithin(counts.entries, bounds.entries) && isWithin(counts.bytes, bounds.bytes);
}

function isWithin(count: number, bound: Bound | undefined): boolean {
  return count >= (bound?.least ?? -Infinity) && count <= (bound?.most ?? Infinity);
}

/** Upkeep (a trim, a rewrite, blind counts) takes no revision, but it is something to apply. */
export function isIdle(decision: Decision): boolean {
  return decision.revisions === 0 && decision.scopes.length === 0 && !needsUpkeep(decision);
}

/** Whether it changes what is in the log already. */
export function needsUpkeep({ trimThrough, rewrites }: Decision): boolean {
  return trimThrough !== undefined || (rewrites !== undefined && rewrites.length > 0);
}

/** Throws `internal` if the decision breaks the contract. */
export function checkDecision(decision: Decision): void {
  const { revisions, writes, scopes, log } = decision;
  if (!Number.isSafeInteger(revisions) || revisions < 0) {
    throw broken(`a decision takes ${revisions} revisions`);
  }
  if (revisions === 0 && (writes.length > 0 || log !== undefined)) {
    throw broken('a decision writes entries or a log row but takes no revision');
  }
  for (const write of writes) if (write.kind === 'put') checkOffset(write.offset, revisions);
  if (writes.length > 1) checkOnce(writes);
  for (const delta of scopes) {
    if (delta.offset !== undefined) checkOffset(delta.offset, revisions);
  }
}

function checkOnce(writes: readonly Write[]): void {
  const seen = new Map<string, Set<string>>();
  for (const { scope, key } of writes) {
    const keys = seen.get(scope);
    if (keys === undefined) seen.set(scope, new Set([key]));
    else if (keys.has(key)) throw broken(`a decision writes '${key}' of '${scope}' twice`);
    else keys.add(key);
  }
}

function checkOffset(offset: number, revisions: number): void {
  if (!Number.isSafeInteger(offset) || offset < 1 || offset > revisions) {
    throw broken(`offset ${offset} lies outside 1..${revisions}`);
  }
}

function broken(message: string): HoldfastError {
  return new HoldfastError('internal', message, { outcome: 'not-applied' });
}
