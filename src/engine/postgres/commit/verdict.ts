/** What a decision comes to, before and after it is written. */
import type { Applied, Decision, Outcome } from '../../transaction.ts';
import type { Result } from './call.ts';
import type { Decided } from './decide.ts';
import type { Held } from './held.ts';

/** The answer to a decision that is idle. */
export function idleOutcome({ held: { head }, time }: Decided): Applied {
  return { kind: 'applied', base: head.revision, incarnation: head.incarnation, time };
}

export function resultOf(answer: Outcome, { head }: Held, { revisions }: Decision): Result {
  return { answer, revisions, head: head.revision + revisions };
}
