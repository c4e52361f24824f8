/**
 * Locks between processes, with a fence: for work that must not be done by two at once.
 *
 * K1. A lock has one holder at a time, and a token that is greater than every token before it.
 * K2. A lock alone protects nothing: a holder may be paused, outlive its time and wake up beside
 *     the next one. What it then writes through `transact`, or with `fence` among its checks, is
 *     refused. Hand `token` to other systems and let them refuse smaller ones.
 * K3. Holding costs nothing: one heartbeat says that the process lives, for all its locks. A
 *     process that dies holds up the next one for `ttlMs` at most.
 *
 * The lock is the ledger's ownership of a resource, so its time is the ledger's.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { Membership } from '../../../ledger/index.ts';
import type { EpochCheck, Ownership, Position } from '../../../ledger/index.ts';
import { Scopes } from '../../scopes/index.ts';
import type { ScopeHost, TransactOptions, Transaction } from '../../scopes/index.ts';
import { scopeOf } from '../keyspace.ts';
import { LockQueue } from './lock-queue.ts';
import { checkAmount, checkOptional } from '../recipe-app.ts';
import type { RecipeApp } from '../recipe-app.ts';

export interface LocksOptions {
  /** How long a process that says nothing counts as alive. Default 10,000. */
  readonly ttlMs?: number | undefined;
}

export interface AcquireOptions {
  /** How long to wait for a lock that is held; 0 asks once. Default: as long as it takes. */
  readonly waitMs?: number | undefined;
  /** Ends the waiting with `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

const ttlDefaultMs = 10_000;

export class Locks implements AsyncDisposable {
  readonly #host: ScopeHost;
  readonly #membership: Membership;
  readonly #queue: LockQueue;
  readonly #held = new Set<HeldLock>();
  #closed = false;

  /** One for each app and process is enough. Throws `invalid_argument`. */
  constructor({ host }: RecipeApp, { ttlMs = ttlDefaultMs }: LocksOptions = {}) {
    checkAmount(ttlMs, 'ttlMs', 3);
    const { clock, random } = host;
    this.#host = host;
    this.#membership = new Membership(host.ledger, { ttlMs, clock, random });
    this.#queue = new LockQueue(host, ttlMs);
  }

  /**
   * Waits for a lock; undefined if it was not to be had in `waitMs`. Callers of one process wait in
   * line; between processes whoever comes first is served.
   * Costs one commit, and one for the release. Throws `aborted`, `closed`.
   *
   * @example
   * await using locks = new Locks(app);
   * await using lock = await locks.acquire('nightly');
   * lock.token > 0; // => true
   * await locks.acquire('nightly', { waitMs: 0 }); // => undefined
   * await lock.transact((tx) => void tx.scope(scope).set('done', 1));
   */
  acquire(name: string, options?: { readonly signal?: AbortSignal }): Promise<HeldLock>;
  acquire(name: string, options: AcquireOptions): Promise<HeldLock | undefined>;
  async acquire(name: string, options: AcquireOptions = {}): Promise<HeldLock | undefined> {
    const { waitMs, signal } = options;
    checkOptional(waitMs, 'waitMs', 0);
    const resource = scopeOf('lock', name);
    const turn = await this.#queue.enter(resource, waitMs, signal);
    if (turn === undefined) return undefined;
    try {
      // What happens to the lock between the look at the head and the claim wakes the waiting.
      for (let since: Position | undefined; ;) {
        this.#checkOpen();
        const claimed = await this.#membership.claim(resource);
        if (claimed.kind === 'owned') return this.#hold(name, claimed, () => turn.leave());
        if (since !== undefined && !(await turn.released(since))) break;
        since = (await this.#host.ledger.head()).position;
      }
    } catch (error) {
      turn.leave();
      throw error;
    }
    turn.leave();
    return undefined;
  }

  /**
   * Runs `work` with a lock and releases it in the end, whatever the end is.
   *
   * @example
   * await using locks = new Locks(app);
   * await locks.with('nightly', async (lock) => {
   *   await lock.transact((tx) => void tx.scope(scope).set('done', 1));
   * });
   * await scope.get('done'); // => 1
   */
  async with<T>(
    name: string,
    work: (lock: HeldLock) => Promise<T> | T,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    await using lock = await this.acquire(name, options);
    return await work(lock);
  }

  /**
   * Gives up every lock and says that the process left. Idempotent; `await using` does it.
   *
   * @example
   * const locks = new Locks(app);
   * const lock = await locks.acquire('nightly');
   * await locks.close();
   * lock.signal.aborted; // => true
   */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#held].map((lock) => lock.release()));
    await this.#membership.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #hold(name: string, ownership: Ownership, leave: () => void): HeldLock {
    const lock = new HeldLock(this.#host, name, ownership);
    this.#held.add(lock);
    const over = (): void => {
      if (this.#held.delete(lock)) leave();
    };
    // Released or lost: either way the next in line may try.
    ownership.signal.addEventListener('abort', over, { once: true });
    return lock;
  }

  #checkOpen(): void {
    if (this.#closed) throw new HoldfastError('closed', 'the locks were closed');
  }
}

/** A lock that is held until it is released or lost. */
export class HeldLock implements AsyncDisposable {
  readonly name: string;
  readonly #host: ScopeHost;
  readonly #ownership: Ownership;

  /** Of `Locks`. */
  constructor(host: ScopeHost, name: string, ownership: Ownership) {
    this.name = name;
    this.#host = host;
    this.#ownership = ownership;
  }

  /** Greater than that of every holder before, and never given twice. */
  get token(): number {
    return this.#ownership.epoch;
  }

  /** Aborts once it is known that the lock is lost or released. It may be known late: see K2. */
  get signal(): AbortSignal {
    return this.#ownership.signal;
  }

  /** For the checks of a proposal, and the `fence` of a transaction. */
  get fence(): EpochCheck {
    return this.#ownership.check();
  }

  /**
   * A transaction that only the holder can commit. Throws `fenced`, and nothing is written, once
   * another holds the lock.
   *
   * @example
   * await using locks = new Locks(app);
   * const lock = await locks.acquire('nightly');
   * await lock.transact((tx) => void tx.scope(scope).set('done', 1));
   * await lock.release();
   * const late = lock.transact((tx) => void tx.scope(scope).set('done', 2));
   * await late.catch(({ code }) => code); // => 'fenced'
   */
  transact<T>(
    run: (tx: Transaction) => Promise<T> | T,
    options: Omit<TransactOptions, 'fence'> = {},
  ): Promise<T> {
    return new Scopes(this.#host).transact(run, { ...options, fence: this.fence });
  }

  /**
   * Gives the lock up; tells whether it was still held. `await using` does it.
   *
   * @example
   * await using locks = new Locks(app);
   * const lock = await locks.acquire('nightly');
   * await lock.release(); // => true
   * await lock.release(); // => false
   */
  release(): Promise<boolean> {
    return this.#ownership.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
