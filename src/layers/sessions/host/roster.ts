/**
 * Which worker gets a turn.
 *
 * T1. First who holds the very state, then who is one delta away, then the least busy.
 * T2. Who waits for a worker is served in the order of arrival.
 * T3. A worker that drains or is at capacity gets nothing; one that is gone is forgotten.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Clock } from '../../../internal/clock.ts';
import type { Base } from '../stored-session.ts';
import { isSame } from './keeper.ts';
import type { WorkerSeat } from './worker-seat.ts';

export interface Wanted {
  readonly session: string;
  readonly agent: string;
  /** Undefined for a new session: the agent's own. */
  readonly payload: string | undefined;
  readonly base: Base;
  /** States from which the base is one delta away. */
  readonly near: readonly Base[];
  /** Only if there is no other. */
  readonly avoided: ReadonlySet<WorkerSeat>;
}

interface Waiting {
  readonly wanted: Wanted;
  resolve(seat: WorkerSeat): void;
}

export class Roster {
  readonly #clock: Clock;
  readonly #seats = new Set<WorkerSeat>();
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get seats(): readonly WorkerSeat[] {
    return [...this.#seats];
  }

  add(seat: WorkerSeat): void {
    this.#seats.add(seat);
    this.wake();
  }

  remove(seat: WorkerSeat): void {
    this.#seats.delete(seat);
  }

  /** Something changed: who waits may find a worker now. */
  wake(): void {
    for (const waiting of this.#waiting) {
      const seat = this.#best(waiting.wanted);
      if (seat === undefined) continue;
      seat.reserve();
      waiting.resolve(seat);
    }
  }

  /**
   * A worker with a place reserved, to be released. Throws `overloaded`, `unavailable` or `aborted`
   * when nobody came in time.
   */
  pick(wanted: Wanted, waitMs: number, signal: AbortSignal): Promise<WorkerSeat> {
    const seat = this.#best(wanted);
    if (seat !== undefined) {
      seat.reserve();
      return Promise.resolve(seat);
    }
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', abort);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        wanted,
        resolve: (found) => {
          end();
          resolve(found);
        },
      };
      const abort = (): void => {
        end();
        reject(new HoldfastError('aborted', 'the turn was given up before a worker was free'));
      };
      const timer = this.#clock.after(waitMs, () => {
        end();
        reject(this.#nobody(wanted, waitMs));
      });
      this.#waiting.add(waiting);
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
    });
  }

  #best(wanted: Wanted): WorkerSeat | undefined {
    let best: { seat: WorkerSeat; rank: number } | undefined;
    for (const seat of this.#seats) {
      if (seat.isDraining || seat.open >= seat.capacity || !this.#suits(seat, wanted)) continue;
      const rank = rankOf(seat, wanted);
      if (best === undefined || rank < best.rank) best = { seat, rank };
    }
    return best?.seat;
  }

  #suits(seat: WorkerSeat, { agent, payload }: Wanted): boolean {
    const own = seat.payloadOf(agent);
    return own !== undefined && (payload === undefined || own === payload);
  }

  #nobody(wanted: Wanted, waitMs: number): HoldfastError {
    const { session, agent, payload } = wanted;
    const suitable = [...this.#seats].filter((seat) => this.#suits(seat, wanted));
    const details = { session, agent, payload: payload ?? null, waitMs, workers: suitable.length };
    if (suitable.length === 0) {
      const text = `no worker for agent '${agent}' came within ${waitMs} ms; start one`;
      return new HoldfastError('unavailable', text, { details });
    }
    const text = `all ${suitable.length} workers for agent '${agent}' were busy for ${waitMs} ms`;
    return new HoldfastError('overloaded', text, { details });
  }
}

/** Lower is better. The load is a share of the capacity, below 1. */
function rankOf(seat: WorkerSeat, { session, base, near, avoided }: Wanted): number {
  const load = seat.open / seat.capacity;
  if (avoided.has(seat)) return 10 + load;
  const held = seat.holding(session);
  if (held === undefined) return 2 + load;
  if (isSame(held, base)) return load;
  return (near.some((one) => isSame(held, one)) ? 1 : 2) + load;
}
