/**
 * One turn from its request to its commit.
 *
 * U1. What is acknowledged was committed: state, head and the turn's record in one commit that
 *     checks the head's version. So a turn is applied once, whoever else works on the session.
 * U2. A worker that is lost, busy or overtaken costs an attempt, not the turn. Until the commit a
 *     turn can be given up without a trace.
 * U3. A worker that does not have the state is sent a snapshot, once, within the same attempt; so
 *     is one whose answer does not hold.
 */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import { present } from '../../../internal/assert.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import type { Mutation } from '../../../ledger/index.ts';
import { headRef, turnRef } from '../keyspace.ts';
import { digest } from '../state/set-hash.ts';
import { currentBase, loadSession } from '../stored-session.ts';
import type { Base, SessionHead, StoredSession, TurnRecord } from '../stored-session.ts';
import type { CompleteMessage, FailedMessage, TurnMessage } from '../wire/messages.ts';
import { commitTurn } from './commit-turn.ts';
import type { CommitParts } from './commit-turn.ts';
import { isSame } from './keeper.ts';
import type { Folded, Keeper } from './keeper.ts';
import type { Roster } from './roster.ts';
import { damaged, isFaultOfAnswer, overtakenBy, wrongVersion } from './turn-errors.ts';
import { TurnEvents } from './turn-events.ts';
import type { CheckedRequest, TurnConflict, TurnDone, TurnOutcome } from './turn-request.ts';
import type { WorkerSeat } from './worker-seat.ts';

export interface TurnRunParts extends CommitParts {
  readonly roster: Roster;
  readonly attempts: number;
  readonly workerWaitMs: number;
  readonly turnTtlMs: number;
  /** Throws `unsupported` for a payload that this host does not know. */
  keeper(payload: string): Keeper;
}

const retryWaitMs = 20;

/** Undefined: something was in the way; the next attempt starts from what is stored then. */
type Step = TurnDone | undefined;

/** What a worker's answer comes to. */
interface FoldedAnswer extends Folded {
  readonly output: StoredValue | undefined;
}

/** What one attempt works with. */
interface Scene {
  readonly session: StoredSession;
  readonly base: Base;
  readonly seat: WorkerSeat;
  readonly payload: string;
  readonly keeper: Keeper;
}

export class TurnRun {
  readonly #parts: TurnRunParts;
  readonly #request: CheckedRequest;
  readonly #signal: AbortSignal;
  readonly #asked: string;
  readonly #avoided = new Set<WorkerSeat>();
  readonly #events: TurnEvents;
  /** How often a worker was asked. */
  #attempts = 0;
  /** What was in the way last. */
  #obstacle: HoldfastError | undefined;

  /** `signal` gives the turn up. */
  constructor(parts: TurnRunParts, request: CheckedRequest, signal: AbortSignal) {
    const { agent, inputText, metadata, base = null } = request;
    this.#parts = parts;
    this.#request = request;
    this.#signal = signal;
    this.#asked = digest(JSON.stringify([agent, inputText, metadata, base]));
    this.#events = new TurnEvents(request.onEvent);
  }

  async run(): Promise<TurnOutcome> {
    const { ledger, clock, attempts } = this.#parts;
    const { session: name, id } = this.#request;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      this.#checkWanted();
      const session = await loadSession(ledger, name, id);
      if (session.turn !== undefined) return this.#replayed(session.turn);
      const base = this.#baseIn(session);
      if (base === undefined) return this.#conflict(session);
      const done = await this.#attempt(session, base);
      if (done !== undefined) return done;
      if (attempt > 1) await clock.sleep(retryWaitMs * 2 ** Math.min(attempt, 6));
    }
    throw present(this.#obstacle, 'the obstacle of a turn');
  }

  #baseIn(session: StoredSession): Base | undefined {
    const current = currentBase(session);
    const { base = current.version } = this.#request;
    if (base === current.version) return current;
    return session.head?.earlier.find(({ version }) => version === base);
  }

  #conflict(session: StoredSession): TurnConflict {
    const { version } = currentBase(session);
    const earlier = session.head?.earlier.map((base) => base.version) ?? [];
    return { kind: 'conflict', session: session.name, version, bases: [version, ...earlier] };
  }

  #replayed(record: TurnRecord): TurnDone {
    const { session, id } = this.#request;
    if (record.asked !== this.#asked) {
      const text = `turn '${id}' of session '${session}' was asked for before with another input`;
      throw new HoldfastError('stamp_reused', text, { details: { session, turn: id } });
    }
    const { asked: _, output, ...rest } = record;
    return { kind: 'done', session, id, ...rest, output, replayed: true };
  }

  async #attempt(session: StoredSession, base: Base): Promise<Step> {
    const { roster, workerWaitMs } = this.#parts;
    const { agent } = this.#request;
    const { head } = session;
    const current = currentBase(session);
    const near = isSame(base, current) ? (head?.earlier ?? []) : [current];
    const wanted = { session: session.name, agent, payload: head?.payload, base, near };
    const waiting = roster.pick({ ...wanted, avoided: this.#avoided }, workerWaitMs, this.#signal);
    const seat = await waiting.catch((error: unknown) => {
      this.#checkWanted();
      throw error;
    });
    try {
      const payload = head?.payload ?? seat.payloadOf(agent) ?? '';
      const keeper = this.#parts.keeper(payload);
      const from = head === undefined ? { version: 0, hash: keeper.emptyHash } : base;
      return await this.#askFor({ session, base: from, seat, payload, keeper });
    } finally {
      seat.release();
    }
  }

  /** Asks the worker, a second time with a snapshot if need be. */
  async #askFor(scene: Scene): Promise<Step> {
    const { seat, session } = scene;
    for (const mayAskAgain of [true, false]) {
      const message = await this.#message(scene, !mayAskAgain);
      if (message === undefined) return this.#again(damaged(session));
      const answer = await seat.ask(message, this.#signal, (event) => this.#events.add(event));
      this.#checkWanted();
      if (answer.kind === 'lost') {
        return this.#avoid(seat, new HoldfastError('unavailable', `worker '${seat.name}' left`));
      }
      if (answer.kind === 'failed') {
        const isStateMissing = answer.code === 'state_not_found';
        seat.hold(session.name, undefined);
        if (!isStateMissing || !mayAskAgain) return this.#failed(scene, answer);
        continue;
      }
      const folded = await this.#fold(scene, answer, mayAskAgain);
      if (folded === 'overtaken') return this.#again(overtakenBy(session));
      if (folded !== undefined) return this.#commit(scene, folded);
    }
    return undefined;
  }

  async #message(
    { session, base, seat, keeper }: Scene,
    isWhole: boolean,
  ): Promise<Omit<TurnMessage, 'request'> | undefined> {
    const { id, agent, inputText, metadata } = this.#request;
    this.#attempts += 1;
    this.#events.begin(this.#attempts);
    const message = {
      session: session.name,
      turn: id,
      agent,
      input: inputText,
      metadata,
      base,
      deltaFrom: 0,
      attempt: this.#attempts,
      next: currentBase(session).version + 1,
    };
    const held = isWhole ? undefined : seat.holding(session.name);
    if (base.version === 0 || (held !== undefined && isSame(held, base))) return message;
    const delta = held && (await keeper.delta(session, held, base));
    if (held !== undefined && delta !== undefined) {
      return { ...message, delta, deltaFrom: held.version };
    }
    const snapshot = await keeper.snapshot(session, base);
    return snapshot && { ...message, snapshot };
  }

  /** Undefined: the answer does not hold, and the worker may be asked once more. */
  async #fold(
    { session, base, seat, keeper }: Scene,
    answer: CompleteMessage,
    mayAskAgain: boolean,
  ): Promise<FoldedAnswer | 'overtaken' | undefined> {
    const { delta, snapshot, state, output } = answer;
    try {
      const isNext = state?.version === currentBase(session).version + 1;
      if (answer.base !== base.version || !isNext) throw wrongVersion(session);
      const folded = await keeper.fold(session, base, { delta, snapshot, hash: state.hash });
      const most = limits.valueBytesMax;
      return {
        ...folded,
        output: output === undefined ? undefined : StoredValue.parse(output, most),
      };
    } catch (error) {
      seat.hold(session.name, undefined);
      if (isHoldfastError(error, 'contended')) return 'overtaken';
      if (!isFaultOfAnswer(error)) throw error;
      const now = await loadSession(this.#parts.ledger, session.name);
      if (now.headVersion !== session.headVersion) return 'overtaken';
      if (mayAskAgain) return undefined;
      const text = `worker '${seat.name}' answered what does not follow from the state it was given`;
      throw new HoldfastError('state_mismatch', text, {
        cause: error,
        details: { session: session.name, turn: this.#request.id, worker: seat.name },
      });
    }
  }

  async #commit(scene: Scene, folded: FoldedAnswer): Promise<Step> {
    const { session, seat, payload } = scene;
    const { session: name, id, agent } = this.#request;
    const version = currentBase(session).version + 1;
    const { hash, earlier, records } = folded;
    const head: SessionHead = { version, hash, payload, agent, earlier, records };
    const output = folded.output?.decode();
    const turn: TurnRecord = {
      version,
      hash,
      asked: this.#asked,
      output,
      events: this.#events.kept,
      worker: seat.name,
      attempts: this.#attempts,
    };
    const mutations: Mutation[] = [
      { kind: 'set', ...headRef(session.scope), value: head },
      { kind: 'set', ...turnRef(session.scope, id), value: turn, ttlMs: this.#parts.turnTtlMs },
      ...folded.mutations,
    ];
    if (!(await commitTurn(this.#parts, session, id, mutations))) {
      seat.hold(name, undefined);
      return this.#again(overtakenBy(session));
    }
    seat.hold(name, { version, hash });
    const { asked: _, ...rest } = turn;
    return { kind: 'done', session: name, id, ...rest, output, replayed: false };
  }

  #failed({ seat, session }: Scene, { code, message }: FailedMessage): Step {
    const details = { session: session.name, turn: this.#request.id, worker: seat.name, code };
    if (code === 'handler_error') throw new HoldfastError('turn_failed', message, { details });
    const text = `worker '${seat.name}' could not take the turn: ${message}`;
    return this.#avoid(seat, new HoldfastError('unavailable', text, { details }));
  }

  #avoid(seat: WorkerSeat, obstacle: HoldfastError): undefined {
    this.#avoided.add(seat);
    this.#obstacle = obstacle;
  }

  #again(obstacle: HoldfastError): undefined {
    this.#obstacle = obstacle;
  }

  #checkWanted(): void {
    if (!this.#signal.aborted) return;
    const { reason } = this.#signal as { readonly reason: unknown };
    throw isHoldfastError(reason)
      ? reason
      : new HoldfastError('aborted', 'the turn was given up; nothing of it was applied');
  }
}
