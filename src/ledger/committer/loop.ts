/**
 * Group commit: all proposals that wait go into one engine transaction, in the order of arrival.
 *
 * C1. No timer: what waits when the last transaction is done goes out next. Who comes to an idle
 *     loop goes out with what else was proposed in the same turn; once in a while the event loop
 *     is let in first, for timers and sockets beside a caller that never rests.
 * C2. While others are about, each ledger's share of a group is capped, and ledgers take turns: a
 *     noisy app starves nobody.
 * C3. A lost answer is resolved before anybody is told: applied, or surely not (then it goes
 *     again). Only if the engine cannot say within `resolveTimeoutMs` is the caller told
 *     `outcome_unknown`.
 * C4. A group is `sync` if any member is; relaxed groups are flushed at the latest after `flushMs`.
 */
import { present } from '../../internal/assert.ts';
import type { Applied, Durability, Engine, Stamp, Work } from '../../engine/index.ts';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { Clock, Timer } from '../../internal/clock.ts';
import { Company } from '../../internal/company.ts';
import type { GivenDurability } from '../proposal.ts';
import { settle } from '../group/answer.ts';
import type { Decided } from '../group/answer.ts';
import { GroupWork } from '../group/group-work.ts';
import type { Lane } from '../group/lane.ts';
import { tuning } from '../group/tuning.ts';

export interface LoopOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly member: string;
  readonly flushMs: number;
  readonly resolveTimeoutMs: number;
  /** Told of failures that nobody waits for. */
  onBackgroundError(error: unknown): void;
}

/** How many loops are at work: they share the way to the engine, and this process. */
export interface Busy {
  loops: number;
}

interface Chore {
  readonly work: Work;
  readonly durability: Durability;
  resolve(applied: Applied): void;
  reject(error: unknown): void;
}

/**
 * One transaction at a time: of the whole store, or of one ledger where the engine takes several.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #busy: Busy;
  readonly #lanes = new Set<Lane>();
  readonly #upkeep: Chore[] = [];
  #sequence = 0;
  readonly #company: Company;
  #running = false;
  /** Wakings since the event loop was let in. */
  #wakings = 0;
  /** Who waits for the loop to rest. */
  readonly #drainers: (() => void)[] = [];
  readonly #start = (): void => void this.#run();
  #flushTimer: Timer | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: LoopOptions, busy: Busy) {
    this.#options = options;
    this.#busy = busy;
    this.#company = new Company(options.clock);
  }

  wake(lane?: Lane): void {
    if (lane !== undefined) this.#lanes.add(lane);
    if (this.#running) return;
    this.#running = true;
    this.#busy.loops += 1;
    this.#wakings = (this.#wakings + 1) % tuning.wakingsPerTurn;
    if (this.#wakings === 0) this.#options.clock.soon(this.#start);
    else queueMicrotask(this.#start);
  }

  upkeep(work: Work, durability: Durability): Promise<Applied> {
    return new Promise((resolve, reject) => {
      this.#upkeep.push({ work, durability, resolve, reject });
      this.wake();
    });
  }

  async drain(): Promise<void> {
    while (this.#running) await new Promise<void>((resolve) => this.#drainers.push(resolve));
    if (this.#flushTimer !== undefined) this.#flush();
    await this.#flushing;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      const groups = this.#takeGroups();
      if (groups.length > 0) await this.#commit(groups);
      const chore = this.#upkeep.shift();
      if (chore !== undefined) await this.#doUpkeep(chore);
      if (this.#lanes.size === 0 && this.#upkeep.length === 0) break;
      // Whoever was answered just now may propose again, and what has come in by sockets is about
      // to be read: let them join the next group.
      await new Promise<void>((resolve) => clock.endOfTurn(resolve));
    }
    this.#running = false;
    this.#busy.loops -= 1;
    for (const resolve of this.#drainers.splice(0)) resolve();
  }

  #takeGroups(): GroupWork[] {
    const groups: GroupWork[] = [];
    let room: number = tuning.groupProposals;
    const share = this.#share();
    // Each lane is met once: those with more to say line up again behind the others.
    for (const lane of Array.from(this.#lanes)) {
      if (room <= 0) break;
      this.#lanes.delete(lane);
      const group = GroupWork.take(lane, Math.min(room, share));
      room -= group.taken.length;
      if (lane.waiting.length > 0) this.#lanes.add(lane);
      if (group.taken.length > 0) groups.push(group);
    }
    return groups;
  }

  /** How many proposals of one ledger may go at once. */
  #share(): number {
    if (this.#options.engine.grouping !== 'store') {
      return this.#busy.loops === 1 ? tuning.groupProposals : tuning.groupShare;
    }
    const [lane] = this.#lanes;
    this.#company.meet(lane, this.#lanes.size > 1);
    return this.#company.isThere ? tuning.groupShareOfStore : tuning.groupProposals;
  }

  async #commit(groups: readonly GroupWork[]): Promise<void> {
    const { engine } = this.#options;
    const sync = groups.some((group) => group.sync);
    const stamp = this.#nextStamp();
    let outcomes;
    try {
      outcomes = await engine.transact(groups, { stamp, durability: sync ? 'sync' : 'relaxed' });
    } catch (error) {
      for (const group of groups) for (const one of group.taken) one.reject(error);
      return;
    }
    if (!sync) this.#flushLater();
    const given = durabilityGiven(engine, sync);
    for (let index = 0; index < groups.length; index += 1) {
      const group = present(groups[index], 'a group');
      const outcome = present(outcomes[index], 'an outcome');
      if (outcome.kind === 'applied') this.#answer(group, outcome, given);
      else await this.#resolve(group, stamp, given, outcome.cause);
    }
  }

  /** Tells the callers, and puts back those that did not fit. */
  #answer(group: GroupWork, applied: Applied, given: GivenDurability): void {
    const { lane, taken, run } = group;
    const decided: readonly Decided[] = run.answers;
    lane.applied(run.growths);
    for (let index = 0; index < decided.length; index += 1) {
      const answer = present(decided[index], 'an answer');
      const caller = present(taken[index], 'a caller');
      if (answer.kind === 'error') caller.reject(answer.error);
      else caller.resolve(settle(answer, applied, given));
    }
    if (decided.length < taken.length) {
      lane.waiting.unshift(...taken.slice(decided.length));
      this.#lanes.add(lane);
    }
  }

  async #resolve(
    group: GroupWork,
    stamp: Stamp,
    given: GivenDurability,
    cause: unknown,
  ): Promise<void> {
    let found: Applied | 'not-applied';
    try {
      found = await this.#lookInto(group.ledger, stamp, cause);
    } catch (error) {
      for (const one of group.taken) one.reject(error);
      return;
    }
    if (found === 'not-applied') group.putBack();
    else this.#answer(group, found, given);
    if (group.lane.waiting.length > 0) this.#lanes.add(group.lane);
  }

  /** What became of a lost answer. Throws `outcome_unknown` if the engine cannot say in time. */
  async #lookInto(ledger: string, stamp: Stamp, cause: unknown): Promise<Applied | 'not-applied'> {
    const { engine, clock, resolveTimeoutMs } = this.#options;
    const deadline = clock.monotonic() + resolveTimeoutMs;
    for (let wait = 10; ; wait = Math.min(wait * 2, 1000)) {
      try {
        return await engine.resolve(ledger, stamp);
      } catch (error) {
        if (clock.monotonic() >= deadline || isHoldfastError(error, 'closed')) {
          throw new HoldfastError(
            'outcome_unknown',
            `the answer to a commit in '${ledger}' was lost; it may have been applied`,
            { cause: error ?? cause, details: { app: ledger } },
          );
        }
        await clock.sleep(wait);
      }
    }
  }

  async #doUpkeep(chore: Chore): Promise<void> {
    const { engine } = this.#options;
    const { work, durability } = chore;
    try {
      const stamp = this.#nextStamp();
      const [outcome] = await engine.transact([work], { stamp, durability });
      if (durability === 'relaxed') this.#flushLater();
      if (outcome?.kind === 'applied') {
        chore.resolve(outcome);
        return;
      }
      const found = await this.#lookInto(work.ledger, stamp, outcome?.cause);
      if (found === 'not-applied') this.#upkeep.push(chore);
      else chore.resolve(found);
    } catch (error) {
      chore.reject(error);
    }
  }

  #nextStamp(): Stamp {
    this.#sequence += 1;
    return { member: this.#options.member, sequence: this.#sequence };
  }

  #flushLater(): void {
    const { clock, flushMs } = this.#options;
    this.#flushTimer ??= clock.after(flushMs, () => this.#flush());
  }

  #flush(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    this.#flushing = this.#options.engine.flush().catch((error: unknown) => {
      if (isHoldfastError(error, 'closed')) return;
      this.#options.onBackgroundError(error);
      this.#flushLater();
    });
  }
}

function durabilityGiven({ durability }: Engine, sync: boolean): GivenDurability {
  if (durability === 'none') return 'none';
  // An engine that syncs later on its own gives no more than that, whatever was asked for.
  return sync && durability !== 'process' ? 'sync' : 'relaxed';
}
