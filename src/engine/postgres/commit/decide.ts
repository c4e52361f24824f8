/**
 * Asking works for their decisions, while their ledgers are held.
 *
 * Nobody else can commit to a ledger between the view and the commit, so all that a view showed
 * holds (T2), and what a decision `holds` needs no second look.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Decision, Need, Stamp, View } from '../../transaction.ts';
import { checkDecision, joinReads } from '../../verdict.ts';
import type { Session } from '../wire/session.ts';
import { WorkFailure } from './call.ts';
import type { Call } from './call.ts';
import type { Held } from './held.ts';
import type { LastStamp, Seen, Views } from './view.ts';

/** A call whose ledger is held, and what was seen of it first. */
export interface Part {
  readonly call: Call;
  readonly held: Held;
  readonly seen: Seen;
}

export interface Decided {
  readonly call: Call;
  readonly held: Held;
  readonly decision: Decision;
  /** The time that was decided by. */
  readonly time: number;
}

/** One answer for each part, in order: its decision, or what its work threw. */
export async function decideAll(
  views: Views,
  session: Session,
  parts: readonly Part[],
): Promise<readonly (Decided | WorkFailure)[]> {
  const answers = new Map<Call, Decided | WorkFailure>();
  let open: readonly Part[] = parts.filter(({ call, seen }) => {
    const failure = passed(seen.stamp, call.stamp);
    if (failure !== undefined) answers.set(call, failure);
    return failure === undefined;
  });
  while (open.length > 0) {
    const wanting: { part: Part; need: Need }[] = [];
    for (const part of open) {
      const judged = judge(part);
      if ('kind' in judged) wanting.push({ part, need: judged });
      else answers.set(part.call, judged);
    }
    open = wanting.length === 0 ? [] : await readMore(views, session, wanting);
  }
  return parts.map(({ call }) => answers.get(call) as Decided | WorkFailure);
}

function judge({ call, held, seen }: Part): Decided | WorkFailure | Need {
  const { head } = held;
  const time = Math.max(seen.now, head.time);
  const view: View = { head, time, entries: seen.entries, scopes: seen.scopes };
  try {
    const verdict = call.work.decide(view);
    if (verdict.kind === 'decision') {
      checkDecision(verdict);
      return { call, held, decision: verdict, time };
    }
    call.reads = joinReads(call.reads, verdict);
    return verdict;
  } catch (error) {
    return new WorkFailure(error);
  }
}

async function readMore(
  views: Views,
  session: Session,
  wanting: readonly { readonly part: Part; readonly need: Need }[],
): Promise<readonly Part[]> {
  const looks = wanting.map(({ part: { call, held }, need: { reads } }) => ({
    ledger: held.ledger,
    member: call.stamp.member,
    reads,
  }));
  const more = await views.see(session, looks);
  return wanting.map(({ part }, index) => {
    const { entries, scopes, stamp, now } = more[index] as Seen;
    const seen: Seen = {
      entries: [...part.seen.entries, ...entries],
      scopes: [...part.seen.scopes, ...scopes],
      stamp,
      now,
    };
    return { ...part, seen };
  });
}

function passed(last: LastStamp | undefined, { member, sequence }: Stamp): WorkFailure | undefined {
  if (last === undefined || last.sequence < sequence) return undefined;
  return new WorkFailure(
    new HoldfastError('fenced', `stamp ${sequence} comes after ${last.sequence}`, {
      details: { member, sequence, last: last.sequence },
    }),
  );
}
