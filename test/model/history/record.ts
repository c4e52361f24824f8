/**
 * What concurrent writers and readers did to one ledger, and when.
 *
 * A moment is a count of events, so that "ended before it began" is known exactly. Everything
 * random comes from one seed.
 */
import { isHoldfastError } from '../../../src/errors/index.ts';
import type { Random } from '../../../src/internal/random.ts';
import { origin } from '../../../src/ledger/index.ts';
import type {
  Check,
  Commit,
  CommitAnswer,
  Entry,
  Ledger,
  Mutation,
  Position,
  Proposal,
  Ref,
} from '../../../src/ledger/index.ts';
import type { ManualClock } from '../../../src/testing/index.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
  /** The clock at start and end. */
  readonly from: number;
  readonly to: number;
}

export interface RecordedCommit extends Span {
  readonly proposal: Proposal;
  readonly answer: CommitAnswer;
}

export interface RecordedRead extends Span {
  readonly refs: readonly Ref[];
  readonly entries: readonly (Entry | undefined)[];
}

export interface RecordedScan extends Span {
  readonly scope: string;
  readonly entries: readonly Entry[];
}

export interface RecordedHistory {
  readonly commits: RecordedCommit[];
  readonly reads: RecordedRead[];
  readonly scans: RecordedScan[];
  /** What each watcher heard from the beginning. */
  readonly heard: readonly (readonly Commit[])[];
  /** What the log says in the end. */
  readonly log: readonly Commit[];
}

export const scopes = ['users', 'orders'];
const keys = ['a', 'b', 'c', 'd'];

interface Plan {
  readonly writers: number;
  readonly turns: number;
  readonly handles: readonly Ledger[];
  readonly clock: ManualClock;
  readonly random: Random;
}

export async function recordHistory(plan: Plan): Promise<RecordedHistory> {
  const recorder = new Recorder(plan);
  const aborter = new AbortController();
  const watching = plan.handles.map((ledger) => watch(ledger, aborter.signal));
  const writers = Array.from({ length: plan.writers }, (_, index) => recorder.write(index));
  await Promise.all(writers);
  const log = await logOf(plan.handles[0]!);
  const heard = watching.map(({ commits }) => commits);
  while (heard.some(({ length }) => length < log.length)) await plan.clock.pass(1000);
  aborter.abort();
  await Promise.all(watching.map(({ done }) => done));
  const { commits, reads, scans } = recorder;
  return { commits, reads, scans, heard, log };
}

async function logOf(ledger: Ledger): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (let at = origin; ;) {
    const page = await ledger.log(at);
    if (page.kind !== 'commits') throw new Error(`the log answered ${page.kind}`);
    commits.push(...page.commits);
    if (page.through.revision >= page.head.revision) return commits;
    at = page.through;
  }
}

function watch(ledger: Ledger, signal: AbortSignal) {
  const commits: Commit[] = [];
  const follow = async (): Promise<void> => {
    for await (const page of ledger.watch({ after: origin, signal })) {
      if (page.kind !== 'commits') throw new Error(`a watcher was told ${page.kind}`);
      commits.push(...page.commits);
    }
  };
  return { commits, done: follow() };
}

class Recorder {
  readonly commits: RecordedCommit[] = [];
  readonly reads: RecordedRead[] = [];
  readonly scans: RecordedScan[] = [];
  readonly #plan: Plan;
  #moment = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  async write(writer: number): Promise<void> {
    const { turns, handles, random, clock } = this.#plan;
    const versions = new Map<string, Entry | undefined>();
    let position: Position = origin;
    for (let turn = 0; turn < turns; turn += 1) {
      const ledger = handles[this.#below(handles.length)]!;
      const dice = random.float();
      if (dice < 0.25) await this.#read(ledger, versions);
      else if (dice < 0.35) await this.#scan(ledger);
      else {
        const stamp = { client: `writer ${writer}`, sequence: turn + 1 };
        const proposal = { ...this.#proposal(versions, position), stamp };
        const again = random.float() < 0.2 ? handles[this.#below(handles.length)] : undefined;
        const answers = await Promise.all([
          this.#commit(ledger, proposal),
          ...(again === undefined ? [] : [this.#commit(again, proposal)]),
        ]);
        for (const answer of answers) if (answer !== undefined) ({ position } = answer);
      }
      if (random.float() < 0.2) clock.advance(this.#below(8));
      if (random.float() < 0.5) await new Promise<void>((resolve) => clock.soon(resolve));
    }
  }

  async #commit(ledger: Ledger, proposal: Proposal): Promise<CommitAnswer | undefined> {
    const began = this.#begin();
    try {
      const answer = await ledger.commit(proposal);
      this.commits.push({ ...this.#end(began), proposal, answer });
      return answer;
    } catch (error) {
      // Increments meet values that are no numbers; such a proposal must leave no trace.
      if (isHoldfastError(error, 'operation_failed')) return undefined;
      throw error;
    }
  }

  async #read(ledger: Ledger, versions: Map<string, Entry | undefined>): Promise<void> {
    const refs = Array.from({ length: 1 + this.#below(4) }, () => this.#ref());
    const began = this.#begin();
    const entries = await ledger.read(refs);
    this.reads.push({ ...this.#end(began), refs, entries });
    for (const [index, ref] of refs.entries()) versions.set(addressOf(ref), entries[index]);
  }

  async #scan(ledger: Ledger): Promise<void> {
    const scope = scopes[this.#below(scopes.length)]!;
    const began = this.#begin();
    const { items } = await ledger.scan({ scope });
    this.scans.push({ ...this.#end(began), scope, entries: items });
  }

  #proposal(versions: ReadonlyMap<string, Entry | undefined>, since: Position): Proposal {
    const mutations = Array.from({ length: this.#below(4) }, () => this.#mutation());
    const checks = Array.from({ length: this.#below(3) }, () => this.#check(versions, since));
    return { mutations, checks };
  }

  #check(versions: ReadonlyMap<string, Entry | undefined>, since: Position): Check {
    const ref = this.#ref();
    const known = versions.get(addressOf(ref));
    const dice = this.#plan.random.float();
    if (dice < 0.3) return { kind: 'unchanged', scope: ref.scope, since };
    if (dice < 0.6 && known !== undefined) {
      return { kind: 'value', ...ref, value: known.value.decode() };
    }
    return { kind: 'version', ...ref, version: known?.version ?? 0 };
  }

  #mutation(): Mutation {
    const ref = this.#ref();
    const dice = this.#plan.random.float();
    const ttlMs = 1 + this.#below(30);
    if (dice < 0.35) return { kind: 'set', ...ref, value: this.#below(5) };
    if (dice < 0.5) return { kind: 'set', ...ref, value: this.#below(5), ttlMs };
    if (dice < 0.55) return { kind: 'set', ...ref, value: 'x'.repeat(5000) };
    if (dice < 0.65) return { kind: 'delete', ...ref };
    if (dice < 0.75) return { kind: 'touch', ...ref, ttlMs };
    return { kind: 'update', ...ref, operations: [{ op: 'increment' }] };
  }

  #ref(): Ref {
    return { scope: scopes[this.#below(scopes.length)]!, key: keys[this.#below(keys.length)]! };
  }

  #below(count: number): number {
    return Math.floor(this.#plan.random.float() * count);
  }

  #begin(): { start: number; from: number } {
    this.#moment += 1;
    return { start: this.#moment, from: this.#plan.clock.now() };
  }

  #end(began: { start: number; from: number }): Span {
    this.#moment += 1;
    return { ...began, end: this.#moment, to: this.#plan.clock.now() };
  }
}

export function addressOf({ scope, key }: Ref): string {
  return `${scope}/${key}`;
}
