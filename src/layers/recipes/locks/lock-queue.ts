/**
 * Who waits for locks in this process: in line with each other, and in turn with other processes.
 *
 * The ownership tells processes apart, not callers. So the first in line alone asks the ledger for
 * the lock, until it is released here.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Position } from '../../../ledger/index.ts';
import type { ScopeHost } from '../../scopes/index.ts';

/** A waiting caller keeps its process alive by short sleeps, and so ends soon after it is told. */
const sleepMs = 50;
/** Between two looks at a lock that cannot be watched. */
const withoutWatchMs = 500;

export interface LockTurn {
  /** Resolves when the lock may be free since a position; false once the time is over. */
  released(since: Position): Promise<boolean>;
  /** Lets the next in line try. */
  leave(): void;
}

export class LockQueue {
  readonly #host: ScopeHost;
  readonly #ttlMs: number;
  /** By resource: resolves when the last in line has left. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(host: ScopeHost, ttlMs: number) {
    this.#host = host;
    this.#ttlMs = ttlMs;
  }

  /** Undefined if those before did not leave within `waitMs`. Throws `aborted`. */
  async enter(
    resource: string,
    waitMs: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<LockTurn | undefined> {
    throwIfAborted(signal);
    const deadline = waitMs === undefined ? Infinity : this.#host.clock.monotonic() + waitMs;
    const before = this.#last.get(resource);
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    const inLine = (before ?? Promise.resolve()).then(() => left);
    this.#last.set(resource, inLine);
    void inLine.then(() => {
      if (this.#last.get(resource) === inLine) this.#last.delete(resource);
    });
    try {
      if (before !== undefined && !(await this.#until(before, deadline, signal))) {
        leave();
        return undefined;
      }
    } catch (error) {
      leave();
      throw error;
    }
    return { leave, released: (since) => this.#released(resource, since, deadline, signal) };
  }

  /** False if the deadline came first. */
  async #until(
    event: Promise<unknown>,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { clock } = this.#host;
    const state = { over: false };
    const over = (): void => {
      state.over = true;
    };
    const happened = event.then(over, over);
    while (!state.over) {
      throwIfAborted(signal);
      const leftMs = deadline - clock.monotonic();
      if (leftMs <= 0) return false;
      await Promise.race([happened, clock.sleep(Math.min(sleepMs, leftMs))]);
    }
    return true;
  }

  async #released(
    resource: string,
    after: Position,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const abort = new AbortController();
    const { clock, ledger } = this.#host;
    const owner = { scope: '$owners', key: resource, keysOnly: true };
    const told = async (): Promise<void> => {
      for await (const _ of ledger.watch({ ...owner, after, signal: abort.signal })) return;
    };
    // Without a watch, time alone tells; an outage shows in the next claim.
    const heard = told().catch(() => clock.sleep(withoutWatchMs));
    // A process that dies says nothing: its time runs out.
    const lapse = Math.min(deadline, clock.monotonic() + this.#ttlMs / 3);
    try {
      await this.#until(heard, lapse, signal);
    } finally {
      abort.abort();
    }
    return clock.monotonic() < deadline;
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new HoldfastError('aborted', 'waiting for the lock was aborted', { cause: signal.reason });
}
