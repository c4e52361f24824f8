/**
 * The states that a worker keeps between turns: bounded by number, bytes and age, the least
 * recently used go first. Losing one costs a snapshot, nothing else.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../internal/clock.ts';
import type { StateHash } from '../state/set-hash.ts';

export interface StateCacheOptions {
  /** Default 10,000. */
  readonly entries?: number | undefined;
  /** Default 256 MiB. */
  readonly bytes?: number | undefined;
  /** Since its last turn. Default one hour. */
  readonly ttlMs?: number | undefined;
}

export interface CachedState {
  readonly payload: string;
  readonly version: number;
  readonly hash: StateHash;
  readonly state: unknown;
  readonly bytes: number;
}

/** About what a state takes besides its entries. */
const overheadBytes = 512;

export class StateCache {
  readonly #states: LRUCache<string, CachedState>;

  constructor(options: StateCacheOptions, clock: Clock) {
    const { entries = 10_000, bytes = 256 * 1024 * 1024, ttlMs = 60 * 60 * 1000 } = options;
    this.#states = new LRUCache<string, CachedState>({
      max: entries,
      maxSize: bytes,
      sizeCalculation: (held) => held.bytes + overheadBytes,
      ttl: ttlMs,
      perf: { now: () => clock.monotonic() },
      ttlResolution: 0,
    });
  }

  /** How many states are held. */
  get size(): number {
    return this.#states.size;
  }

  /** About how much memory they take. */
  get bytes(): number {
    return this.#states.calculatedSize;
  }

  /** @internal */
  get(session: string): CachedState | undefined {
    return this.#states.get(session);
  }

  /** @internal */
  set(session: string, held: CachedState): void {
    this.#states.set(session, held);
  }

  /** @internal */
  delete(session: string): void {
    this.#states.delete(session);
  }

  /** The most recently used first. @internal */
  *holdings(most: number): Generator<{ session: string; version: number; hash: StateHash }> {
    let count = 0;
    for (const [session, { version, hash }] of this.#states.entries()) {
      if (count === most) return;
      count += 1;
      yield { session, version, hash };
    }
  }
}
