/**
 * `transact` and `resolve` on Redis: read, decide, and one script that applies only what still
 * holds. What this process knows from its last commit it need not read (`recent.ts`).
 *
 * X1. A decision goes out with the head and the versions that it rests on. If one of them has moved
 *     on, nothing is written, and the work reads and decides again: at once the first time, then
 *     after a random pause that grows. Who loses for too long fails as `contended`.
 * X2. A work's reads are all read by one script, however many it came to ask for, so a decision
 *     that writes nothing holds as of one moment without another look.
 * X3. An apply whose answer is lost is `unknown`, whatever the reason. Failures before it are not.
 * X4. A ledger is put into the store's list before its first commit: the list may name a ledger
 *     without commits, and is put right again after every new connection.
 */
import { HoldfastError } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Random } from '../../internal/random.ts';
import type { Applied, Decision, Outcome, Reads, Stamp, View, Work } from '../transaction.ts';
import { checkDecision, isIdle, joinReads } from '../verdict.ts';
import { argumentsOf } from './commit/arguments.ts';
import { listOf, numberOf, textOf } from './encoding.ts';
import type { Reply } from './encoding.ts';
import type { Keyspace } from './keyspace.ts';
import type { Ledgers, LedgerState } from './ledgers.ts';
import type { Reader, Snapshot } from './read.ts';
import { RecentStates } from './recent.ts';
import type { Recollection } from './recent.ts';
import { applyDecision, resolveStamp } from './scripts/apply.ts';
import type { Connection } from './server/connection.ts';
import { explain, isDoubtful } from './server/errors.ts';

/** The longest pause between two attempts. */
const pauseMaxMs = 50;

export interface TransactorOptions {
  readonly random: Random;
  /** The store's. What waits for the server is paced by the machine's. */
  readonly clock: Clock;
  /** How long a work that loses goes on trying. */
  readonly contendedMs: number;
  /** For what is remembered of the process's own commits. */
  readonly cacheBytes: number;
  /** Empty where the server's clock is the engine's. */
  now(): string;
  /** Tells the sweep, before it is committed, that an entry of the ledger dies at `at`. */
  announce(ledger: string, at: number): Promise<void>;
}

interface Decided {
  readonly reads: Reads;
  readonly view: Snapshot | Recollection;
  readonly decision: Decision;
}

/** What is to be read, and what was decided without reading it. */
interface Recalled {
  readonly reads: Reads;
  readonly decided?: Decided;
}

export class Transactor {
  readonly #connection: Connection;
  readonly #keyspace: Keyspace;
  readonly #ledgers: Ledgers;
  readonly #reader: Reader;
  readonly #options: TransactorOptions;
  readonly #recent: RecentStates;
  #lost = 0;

  constructor(
    connection: Connection,
    keyspace: Keyspace,
    ledgers: Ledgers,
    reader: Reader,
    options: TransactorOptions,
  ) {
    this.#connection = connection;
    this.#keyspace = keyspace;
    this.#ledgers = ledgers;
    this.#reader = reader;
    this.#options = options;
    this.#recent = new RecentStates(options);
  }

  /** How many decisions were in vain since the engine was opened. */
  get lost(): number {
    return this.#lost;
  }

  async transact(work: Work, stamp: Stamp): Promise<Outcome> {
    const state = this.#ledgers.of(work.ledger);
    const start = systemClock.monotonic();
    const recalled = this.#recall(state, work);
    let { reads, decided } = recalled;
    // What did not hold from memory is no lost race yet.
    for (let attempt = decided === undefined ? 1 : 0; ; attempt += 1) {
      decided ??= await this.#decide(state, work, reads);
      ({ reads } = decided);
      if (isIdle(decided.decision)) return idleOutcome(decided.view);
      const outcome = await this.#apply(state, decided, stamp);
      if (outcome !== undefined) return outcome;
      if (decided === recalled.decided) this.#recent.missed(state);
      decided = undefined;
      this.#lost += 1;
      if (systemClock.monotonic() - start >= this.#options.contendedMs) {
        const message = `'${work.ledger}': others were faster in each of ${attempt} attempts`;
        throw new HoldfastError('contended', message, { details: { attempts: attempt } });
      }
      if (attempt > 1) await this.#pause(attempt);
    }
  }

  /** What became of a call; fences its stamp if it was not applied. */
  async resolve(name: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    const state = this.#ledgers.of(name);
    const args = [this.#options.now(), stamp.member, stamp.sequence];
    const { reply, replicas } = await this.#run(resolveStamp, [state.keys.stamps], args).catch(
      (error: unknown) => {
        throw explain(error, this.#connection.where);
      },
    );
    const [kind, first, incarnation, time] = listOf(reply);
    if (textOf(kind) === 'passed') {
      throw new HoldfastError('stamp_expired', 'the member went on to a later stamp', {
        details: { asked: stamp.sequence, last: numberOf(first) },
      });
    }
    this.#requireReplicas(replicas);
    if (textOf(kind) === 'not-applied') return 'not-applied';
    return {
      kind: 'applied',
      base: numberOf(first),
      incarnation: textOf(incarnation),
      time: numberOf(time),
    };
  }

  /** Without a decision if more is read than is remembered, or if nothing would be written. */
  #recall(state: LedgerState, work: Work): Recalled {
    let { reads } = work;
    for (;;) {
      const view = this.#recent.recall(state, reads);
      if (view === undefined) return { reads };
      const verdict = work.decide(view satisfies View);
      if (verdict.kind === 'decision') {
        checkDecision(verdict);
        return isIdle(verdict) ? { reads } : { reads, decided: { reads, view, decision: verdict } };
      }
      // It counts on getting what it asked for once.
      reads = joinReads(reads, verdict);
    }
  }

  async #decide(state: LedgerState, work: Work, asked: Reads): Promise<Decided> {
    let reads = asked;
    for (;;) {
      const view = await this.#reader.snapshot(state, reads);
      const verdict = work.decide(view satisfies View);
      if (verdict.kind === 'decision') {
        checkDecision(verdict);
        return { reads, view, decision: verdict };
      }
      reads = joinReads(reads, verdict);
    }
  }

  /** Undefined if the decision no longer holds. */
  async #apply(state: LedgerState, decided: Decided, stamp: Stamp): Promise<Outcome | undefined> {
    const { reads, view, decision } = decided;
    await this.#list(state);
    await this.#announce(state, decision);
    const args = argumentsOf({
      now: this.#options.now(),
      stamp,
      head: view.head,
      exactly: 'totals' in view ? view.totals : undefined,
      viewTime: view.time,
      refs: reads.refs,
      entries: view.entries,
      decision,
      incarnation: this.#options.random.hex(8),
      isFirst: !state.isBegun,
      channel: this.#keyspace.hints,
      ledger: state.name,
    });
    let answer;
    try {
      answer = await this.#run(applyDecision, Object.values(state.keys) as string[], args);
    } catch (error) {
      this.#recent.forget(state);
      if (isDoubtful(error)) return { kind: 'unknown', cause: error };
      throw explain(error, this.#connection.where);
    }
    const [kind, base, incarnation, time, now, totals] = listOf(answer.reply);
    if (textOf(kind) === 'fenced') throw passed(stamp, numberOf(base));
    if (textOf(kind) !== 'applied') return undefined;
    const applied: Applied = {
      kind: 'applied',
      base: numberOf(base),
      incarnation: textOf(incarnation),
      time: numberOf(time),
    };
    const told = { now: numberOf(now), totals: textOf(totals) };
    this.#recent.note(state, { ...applied, ...told, reads, view, decision });
    if (decision.revisions > 0) {
      state.isBegun = true;
      const last = applied.base + decision.revisions;
      this.#ledgers.note(state, view.head, applied.incarnation, applied.base, last);
    }
    try {
      this.#requireReplicas(answer.replicas);
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
    return applied;
  }

  /** On one server the announcement goes ahead of the commit by itself. */
  async #announce({ name }: LedgerState, { writes }: Decision): Promise<void> {
    let earliest = Infinity;
    for (const write of writes) {
      if (write.kind === 'put') earliest = Math.min(earliest, write.expiresAt ?? Infinity);
    }
    if (earliest === Infinity) return;
    const announced = this.#options.announce(name, earliest);
    if (this.#connection.isCluster) await announced;
    else announced.catch(() => undefined);
  }

  async #run(
    script: Parameters<Connection['run']>[0],
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<{ readonly reply: Reply; readonly replicas: number }> {
    if (this.#connection.address.wait > 0) {
      return this.#connection.runReplicated(script, keys, args);
    }
    return { reply: await this.#connection.run(script, keys, args), replicas: 0 };
  }

  #requireReplicas(found: number): void {
    const { wait, waitMs } = this.#connection.address;
    if (found >= wait) return;
    const message = `${found} of ${wait} replicas had it within ${waitMs} ms`;
    throw new HoldfastError('unavailable', message, { details: { found, wait } });
  }

  async #list(state: LedgerState): Promise<void> {
    const { generation } = this.#connection;
    if (state.listedIn === generation) return;
    await this.#connection.call('ZADD', this.#keyspace.ledgers, 0, state.name);
    state.listedIn = generation;
  }

  async #pause(attempt: number): Promise<void> {
    const most = Math.min(pauseMaxMs, 2 ** Math.min(attempt, 8) / 2);
    await systemClock.sleep(most * this.#options.random.float());
  }
}

function idleOutcome({ head, time }: Snapshot): Applied {
  return { kind: 'applied', base: head.revision, incarnation: head.incarnation, time };
}

function passed({ member, sequence }: Stamp, last: number): HoldfastError {
  return new HoldfastError('fenced', `stamp ${sequence} comes after ${last}`, {
    details: { member, sequence, last },
  });
}
