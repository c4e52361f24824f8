/**
 * `transact` and `resolve` on a memory store.
 *
 * Everything happens in one synchronous stretch, so a view holds until its decision is applied
 * (T2) without a look at what it `holds`, and the time that a view showed is the commit's.
 *
 * A1. All works decide, and all decisions are checked, before anything is applied: whatever throws
 *     leaves the store as it was.
 * A2. A call holds one work per ledger: `resolve` names a work by its ledger and its stamp.
 * A3. A stamp is applied only above the member's last one on that ledger, applied or fenced.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Applied, Decision, Stamp, View, Work } from '../transaction.ts';
import { checkDecision, joinReads } from '../verdict.ts';
import type { MemoryLedger } from './ledger.ts';
import { readEntries } from './read.ts';
import type { MemoryStore } from './store.ts';

interface Plan {
  readonly ledger: MemoryLedger;
  readonly decision: Decision;
  readonly time: number;
}

export function transact(
  store: MemoryStore,
  work: readonly Work[],
  stamp: Stamp,
  now: number,
): Applied[] {
  const names = new Set(work.map(({ ledger }) => ledger));
  if (names.size < work.length) {
    throw new HoldfastError('internal', 'a call of transact holds two works of one ledger', {
      outcome: 'not-applied',
    });
  }
  for (const { ledger } of work) checkStamp(store.peek(ledger), stamp);
  const plans = work.map((each) => plan(store.peek(each.ledger), each, now));
  return plans.map((each) => apply(store, each, stamp));
}

/** What became of a call; fences its stamp if it was not applied. */
export function resolve(store: MemoryStore, name: string, stamp: Stamp): Applied | 'not-applied' {
  const ledger = store.ledger(name);
  const last = ledger.stamps.get(stamp.member);
  if (last !== undefined && last.sequence > stamp.sequence) {
    throw new HoldfastError('stamp_expired', 'the member went on to a later stamp', {
      details: { asked: stamp.sequence, last: last.sequence },
    });
  }
  if (last?.sequence === stamp.sequence) return last.applied ?? 'not-applied';
  ledger.stamps.set(stamp.member, { sequence: stamp.sequence, applied: undefined });
  return 'not-applied';
}

function checkStamp(ledger: MemoryLedger, { member, sequence }: Stamp): void {
  const last = ledger.stamps.get(member);
  if (last === undefined || last.sequence < sequence) return;
  throw new HoldfastError('fenced', `stamp ${sequence} comes after ${last.sequence}`, {
    details: { member, sequence, last: last.sequence },
  });
}

function plan(ledger: MemoryLedger, work: Work, now: number): Plan {
  const time = Math.max(now, ledger.head.time);
  let reads = work.reads;
  for (;;) {
    const view: View = {
      head: ledger.head,
      time,
      entries: readEntries(ledger, reads.refs),
      scopes: reads.scopes.map((scope) => ledger.stat(scope)),
    };
    const verdict = work.decide(view);
    if (verdict.kind === 'decision') {
      checkDecision(verdict);
      return { ledger, decision: verdict, time };
    }
    reads = joinReads(reads, verdict);
  }
}

function apply(
  store: MemoryStore,
  { ledger: peeked, decision, time }: Plan,
  stamp: Stamp,
): Applied {
  const { revision: base, incarnation } = peeked.head;
  const idle: Applied = { kind: 'applied', base, incarnation, time };
  if (isEmpty(decision)) return idle;
  const ledger = store.ledger(peeked.name);
  for (const write of decision.writes) {
    if (write.kind === 'put') ledger.put(write, base, time);
    else ledger.remove(write);
  }
  for (const delta of decision.scopes) ledger.count(delta, base);
  if (decision.revisions > 0) ledger.advance(decision.revisions, time, store.incarnation);
  keepLog(ledger, decision, base, time);
  const applied = decision.revisions === 0 ? idle : { ...idle, incarnation: store.incarnation };
  ledger.stamps.set(stamp.member, { sequence: stamp.sequence, applied });
  if (decision.revisions > 0) store.hints.publish(ledger.name);
  return applied;
}

function keepLog(ledger: MemoryLedger, decision: Decision, base: number, time: number): void {
  const { log, revisions, rewrites = [], trimThrough } = decision;
  if (log !== undefined) {
    const { body, tags } = log;
    ledger.log.append({ first: base + 1, last: base + revisions, time, tags, body });
  }
  for (const { last, body } of rewrites) ledger.log.rewrite(last, body);
  if (trimThrough === undefined) return;
  ledger.log.trim(trimThrough);
  ledger.prune();
}

/** Upkeep (a trim, a rewrite, blind counts) takes no revision, but it is something to apply. */
function isEmpty({ revisions, scopes, trimThrough, rewrites }: Decision): boolean {
  return (
    revisions === 0 &&
    scopes.length === 0 &&
    trimThrough === undefined &&
    (rewrites === undefined || rewrites.length === 0)
  );
}
