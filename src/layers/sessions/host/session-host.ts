/**
 * A host: keeps sessions in a store and gives their turns to workers.
 *
 * S1. Turns of one session are run one after the other, in the order in which they were asked for.
 *     Hosts in several processes may share a store: of turns at once only one is committed on one
 *     state, the other is run again on what the first one left.
 * S2. A turn that was acknowledged is durable as `durability` says; one that was not may be asked
 *     for again under the same id, and is applied once.
 * S3. A host remembers nothing that matters: it may die at any moment.
 *
 * Not here: sockets. `attach` takes a link from wherever it comes.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { systemClock } from '../../../internal/clock.ts';
import type { Clock } from '../../../internal/clock.ts';
import type { Ledger } from '../../../ledger/index.ts';
import { entriesName } from '../payload/entries-payload.ts';
import type { BytesCodec } from '../payload/payload.ts';
import { Session } from '../session.ts';
import type { Link } from '../wire/link.ts';
import { EntriesKeeper } from './entries-keeper.ts';
import type { Keeper } from './keeper.ts';
import { RecordsKeeper } from './records-keeper.ts';
import { Roster } from './roster.ts';
import { TurnRun } from './turn-run.ts';
import { checkTurnRequest } from './turn-request.ts';
import type { TurnOutcome, TurnRequest } from './turn-request.ts';
import { WorkerSeat } from './worker-seat.ts';

export interface SessionHostOptions {
  /** Of the opaque sessions that this host may keep; structured ones it always may. */
  readonly codecs?: readonly BytesCodec[] | undefined;
  /** Of a turn's commit. Default 'sync'. */
  readonly durability?: 'sync' | 'relaxed' | undefined;
  /** How often a turn is begun before its obstacle is thrown. Default 8. */
  readonly attempts?: number | undefined;
  /** How long a turn may wait for a worker. Default 10,000. */
  readonly workerWaitMs?: number | undefined;
  /** How long a turn may take in all. Default 300,000. */
  readonly turnTimeoutMs?: number | undefined;
  /** How long a turn's outcome is kept for those who ask for it again. Default 24 h. */
  readonly turnTtlMs?: number | undefined;
  /** Turns that may wait and run at once. Default 100,000. */
  readonly turnsMax?: number | undefined;
  /** Memory for opaque states that are worked with. Default 64 MiB. */
  readonly cacheBytes?: number | undefined;
  readonly clock?: Clock | undefined;
}

export interface CloseHostOptions {
  /** How long turns may go on before they are given up. Default 0. */
  readonly finishMs?: number | undefined;
}

/** A worker as a host sees it. */
export interface WorkerInfo {
  readonly name: string;
  readonly agents: readonly string[];
  /** Turns that it runs for this host. */
  readonly open: number;
  readonly capacity: number;
  readonly isDraining: boolean;
}

/**
 * In the examples `host` has a worker `w1` whose agent `notes` appends the input of a turn to the
 * list `notes`, emits it, and returns how many there are.
 */
export class SessionHost implements AsyncDisposable {
  readonly #ledger: Ledger;
  readonly #options: SessionHostOptions;
  readonly #clock: Clock;
  readonly #keepers = new Map<string, Keeper>();
  readonly #roster: Roster;
  /** Seats that have not said hello are here too. */
  readonly #seats = new Set<WorkerSeat>();
  /** The last turn of each session that has one. */
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #running = new Set<AbortController>();
  /** Takes no new turns. */
  #isClosed = false;
  /** Nor workers, and those that waited are given up, too. */
  #isOver = false;
  #open = 0;

  /** `app` is an `App`, or anything else with a ledger. */
  constructor(app: { readonly ledger: Ledger }, options: SessionHostOptions = {}) {
    this.#ledger = app.ledger;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#roster = new Roster(this.#clock);
    this.#keepers.set(entriesName, new EntriesKeeper(this.#ledger));
    const { codecs = [], cacheBytes = 64 * 1024 * 1024 } = options;
    for (const codec of codecs) {
      this.#keepers.set(codec.name, new RecordsKeeper(this.#ledger, codec, { cacheBytes }));
    }
  }

  /** Turns that run or wait here. */
  get open(): number {
    return this.#open;
  }

  /** Whether nobody is connected and nothing runs or waits. */
  get isIdle(): boolean {
    return this.#open === 0 && this.#seats.size === 0;
  }

  /**
   * The workers that are connected to this host, as of now.
   *
   * @example
   * await host.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * host.workers(); // => [{ name: 'w1', agents: ['notes'], capacity: 64, isDraining: false }]
   */
  workers(): readonly WorkerInfo[] {
    return this.#roster.seats.map(({ name, agents, open, capacity, isDraining }) => {
      return { name, agents, open, capacity, isDraining };
    });
  }

  /**
   * Takes a worker in. It gets turns once it has said who it is. Does not throw: a link that breaks
   * the protocol is closed, and so is every link once the host is closed.
   *
   * @example
   * import { linkPair, SessionHost, SessionWorker, structuredAgent } from 'holdfast/sessions';
   *
   * const echo = structuredAgent<string, string>(({ input }) => input);
   * await using own = new SessionHost(app);
   * const [near, far] = linkPair();
   * own.attach(near);
   * void new SessionWorker({ agents: { echo } }).serve(far);
   * const outcome = await own.turn({ session: 's', id: '1', agent: 'echo', input: 'hello' });
   * outcome; // => { kind: 'done', version: 1, output: 'hello' }
   */
  attach(link: Link): void {
    if (this.#isOver) return link.close();
    const seat = new WorkerSeat(link, {
      ready: (ready) => this.#roster.add(ready),
      changed: () => this.#roster.wake(),
      gone: (gone) => {
        this.#seats.delete(gone);
        this.#roster.remove(gone);
      },
    });
    this.#seats.add(seat);
    seat.start();
  }

  /**
   * Reading a session, and following it. Costs nothing until it is asked something.
   *
   * @example
   * await host.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * await host.session('s').items('notes'); // => ['hello']
   */
  session(name: string): Session {
    return new Session(this.#ledger, name);
  }

  /**
   * Runs a turn on a worker and commits what it made of the session.
   *
   * Throws `turn_failed` if the handler threw, `state_mismatch` if the worker's answers do not
   * hold, `unavailable` or `overloaded` without a worker, `timeout`, `aborted`, `contended`,
   * `stamp_reused` for an id that was used with another input, and what a commit throws. Nothing
   * was applied then, unless the error's outcome is unknown; either way the turn may be asked for
   * again under the same id.
   *
   * @example
   * const request = { session: 's', id: 'req-1', agent: 'notes', input: 'hello' };
   * const told: unknown[] = [];
   * const first = await host.turn({ ...request, onEvent: ({ data }) => told.push(data) });
   * first; // => { kind: 'done', version: 1, output: 1, replayed: false }
   * told; // => ['hello']
   * await host.turn(request); // => { kind: 'done', version: 1, output: 1, replayed: true }
   */
  async turn(request: TurnRequest): Promise<TurnOutcome> {
    const checked = checkTurnRequest(request);
    const { turnsMax = 100_000 } = this.#options;
    if (this.#isClosed) throw closed();
    if (this.#open >= turnsMax) {
      throw new HoldfastError('overloaded', `${this.#open} turns are waiting already`);
    }
    this.#open += 1;
    const { session } = checked;
    const before = this.#last.get(session);
    const run = (): Promise<TurnOutcome> => this.#run(checked);
    const turn = before === undefined ? run() : before.then(run, run);
    this.#last.set(session, turn);
    try {
      return await turn;
    } finally {
      this.#open -= 1;
      if (this.#last.get(session) === turn) this.#last.delete(session);
    }
  }

  /**
   * Asks a worker to finish what it has and leave; nothing new is given to it from now on. False if
   * there is none of that name.
   *
   * @example
   * await host.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * host.drain('w1'); // => true
   * host.drain('nobody'); // => false
   */
  drain(worker: string): boolean {
    const seats = this.#roster.seats.filter(({ name }) => name === worker);
    for (const seat of seats) seat.drain();
    return seats.length > 0;
  }

  /**
   * Takes no new turns, lets those that it has finish for `finishMs`, gives up the rest but for
   * those that are being committed, and lets the workers go. Turns are `closed` from now on. The
   * store stays open.
   *
   * @example
   * import { SessionHost } from 'holdfast/sessions';
   *
   * const own = new SessionHost(app);
   * await own.close({ finishMs: 5000 });
   * const request = { session: 's', id: '1', agent: 'notes' };
   * await own.turn(request).catch(({ code }) => code); // => 'closed'
   */
  async close({ finishMs = 0 }: CloseHostOptions = {}): Promise<void> {
    this.#isClosed = true;
    const giveUp = (): void => {
      this.#isOver = true;
      for (const turn of this.#running) turn.abort(closed());
    };
    const timer = finishMs > 0 ? this.#clock.after(finishMs, giveUp) : undefined;
    if (timer === undefined) giveUp();
    await Promise.allSettled(this.#last.values());
    timer?.cancel();
    this.#isOver = true;
    for (const seat of this.#seats) seat.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(request: ReturnType<typeof checkTurnRequest>): Promise<TurnOutcome> {
    if (this.#isOver) throw closed();
    const { turnTimeoutMs = 300_000 } = this.#options;
    const { signal } = request;
    const giveUp = new AbortController();
    const timer = this.#clock.after(turnTimeoutMs, () => {
      const text = `the turn was not complete within ${turnTimeoutMs} ms; nothing was applied`;
      giveUp.abort(new HoldfastError('timeout', text, { outcome: 'not-applied' }));
    });
    const abort = (): void => giveUp.abort();
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort);
    this.#running.add(giveUp);
    try {
      return await new TurnRun(this.#parts(), request, giveUp.signal).run();
    } finally {
      this.#running.delete(giveUp);
      signal?.removeEventListener('abort', abort);
      timer.cancel();
    }
  }

  #parts() {
    const { durability = 'sync', attempts = 8, workerWaitMs = 10_000 } = this.#options;
    const { turnTtlMs = 24 * 60 * 60 * 1000 } = this.#options;
    return {
      ledger: this.#ledger,
      clock: this.#clock,
      roster: this.#roster,
      durability,
      attempts,
      workerWaitMs,
      turnTtlMs,
      keeper: (payload: string) => this.#keeper(payload),
    };
  }

  #keeper(payload: string): Keeper {
    const keeper = this.#keepers.get(payload);
    if (keeper !== undefined) return keeper;
    const known = [...this.#keepers.keys()].join(', ');
    const text = `this host keeps no sessions of payload '${payload}'; it knows ${known}`;
    throw new HoldfastError('unsupported', text, { details: { payload } });
  }
}

function closed(): HoldfastError {
  return new HoldfastError('closed', 'the host of the session was closed');
}
