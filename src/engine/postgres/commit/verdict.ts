/** What a decision comes to, before and after it is written. */
import type { Applied, Decision, Outcome } from '../../transaction.ts';
import type { Result } from './call.ts';
import type { Decided } from './decide.ts';
import type { Held } from './held.ts';

/** Upkeep (a trim, a rewrite, blind counts) takes no revision, but it is something to apply. */
export function isIdle(decision: Decision): boolean {
  return decision.revisions === 0 && decision.scopes.length === 0 && !needsUpkeep(decision);
}

/** Whether it changes what is in the log. */
export function needsUpkeep({ trimThrough, rewrites }: Decision): boolean {
  return trimThrough !== undefined || (rewrites !== undefined && rewrites.length > 0);
}

/** The answer to a decision that is idle. */
export function idleOutcome({ held: { head }, time }: Decided): Applied {
  return { kind: 'applied', base: head.revision, incarnation: head.incarnation, time };
}

export function resultOf(answer: Outcome, { head }: Held, { revisions }: Decision): Result {
  return { answer, revisions, head: head.revision + revisions };
}
