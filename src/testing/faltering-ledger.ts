/**
 * A ledger whose line is bad: calls fail, answers are lost, streams break. What it does answer is
 * true. Layers must live with it as they must with a network.
 */
import { HoldfastError } from '../errors/index.ts';
import { systemClock } from '../internal/clock.ts';
import type { Random } from '../internal/random.ts';
import type {
  CommitAnswer,
  Ledger,
  LogPage,
  Page,
  Entry,
  Proposal,
  ScanQuery,
  WatchOptions,
} from '../ledger/index.ts';

/** Chances from 0 to 1; change them while it is in use. */
export interface LineFaults {
  /** A call fails before it arrives. */
  lostCall: number;
  /** A commit is applied, and its answer lost. */
  lostAnswer: number;
  /** A commit is given up as lost, and arrives later all the same. */
  lateCommit: number;
  /** A stream breaks before its next page. */
  brokenStream: number;
}

export function falteringLedger(ledger: Ledger, random: Random, faults: LineFaults): Ledger {
  function lose(what: string): void {
    if (random.float() >= faults.lostCall) return;
    throw new HoldfastError('unavailable', `the line was cut before '${what}' arrived`);
  }
  async function* watch(options: WatchOptions | undefined): AsyncGenerator<LogPage> {
    lose('watch');
    for await (const page of ledger.watch(options)) {
      const luck = random.float();
      if (luck < faults.brokenStream / 2) return;
      if (luck < faults.brokenStream) throw new HoldfastError('unavailable', 'the stream broke');
      yield page;
    }
  }
  async function carried<T>(what: string, call: () => Promise<T>): Promise<T> {
    lose(what);
    return call();
  }
  return {
    name: ledger.name,
    head: () => carried('head', () => ledger.head()),
    read: (refs) => carried('read', () => ledger.read(refs)),
    scan: (query: ScanQuery): Promise<Page<Entry>> => carried('scan', () => ledger.scan(query)),
    scopes: (query) => carried('scopes', () => ledger.scopes(query)),
    scope: (name) => carried('scope', () => ledger.scope(name)),
    async commit(proposal: Proposal): Promise<CommitAnswer> {
      lose('commit');
      if (random.float() < faults.lateCommit) {
        void arriveLate(ledger, proposal, Math.floor(random.float() * 200));
        throw new HoldfastError('outcome_unknown', 'a commit is on its way, somewhere');
      }
      const answer = await ledger.commit(proposal);
      if (random.float() >= faults.lostAnswer) return answer;
      throw new HoldfastError('outcome_unknown', 'the answer to a commit was lost');
    },
    log: (after, options) => carried('log', () => ledger.log(after, options)),
    watch,
    pin: (name, at, ttlMs) => carried('pin', () => ledger.pin(name, at, ttlMs)),
    erase: (ref) => carried('erase', () => ledger.erase(ref)),
    heartbeat: (member, ttlMs) => carried('heartbeat', () => ledger.heartbeat(member, ttlMs)),
    members: () => carried('members', () => ledger.members()),
  };
}

/** Nobody hears what becomes of it. */
async function arriveLate(ledger: Ledger, proposal: Proposal, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise<void>((resolve) => systemClock.soon(resolve));
  }
  await ledger.commit(proposal).catch(() => undefined);
}
