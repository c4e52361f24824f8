/** What each token uses of the server now, over all its connections and requests. */
import { HoldfastError } from '../../errors/index.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Principal } from '../auth/principal.ts';
import { Bucket } from './bucket.ts';

interface Used {
  connections: number;
  watches: number;
  readonly requests: Bucket;
  readonly bytes: Bucket;
}

/** Tokens that are remembered though nothing is open: a pause must not forgive a debt. */
const idleTokensMax = 10_000;

export class Usage {
  readonly #clock: Clock;
  readonly #used = new Map<string, Used>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns for how many milliseconds the principal should be left waiting. */
  charge(principal: Principal, requests: number, bytes: number): number {
    const used = this.#of(principal);
    const now = this.#clock.monotonic();
    return Math.max(used.requests.take(requests, now), used.bytes.take(bytes, now));
  }

  /** Counts a connection until the returned function is called. Throws `overloaded`. */
  connect(principal: Principal): () => void {
    return this.#count(principal, 'connections');
  }

  /** Counts a watch until the returned function is called. Throws `overloaded`. */
  watch(principal: Principal): () => void {
    return this.#count(principal, 'watches');
  }

  #count(principal: Principal, what: 'connections' | 'watches'): () => void {
    const used = this.#of(principal);
    const limit = principal.limits[what];
    if (used[what] >= limit) {
      const message = `${limit} ${what} of this token are open already`;
      throw new HoldfastError('overloaded', message, { details: { limit, what } });
    }
    used[what] += 1;
    let isOpen = true;
    return () => {
      if (isOpen) used[what] -= 1;
      isOpen = false;
    };
  }

  #of({ id, limits }: Principal): Used {
    let used = this.#used.get(id);
    if (used === undefined) {
      const now = this.#clock.monotonic();
      used = {
        connections: 0,
        watches: 0,
        requests: new Bucket(limits.requestsPerSecond, now),
        bytes: new Bucket(limits.bytesPerSecond, now),
      };
      if (this.#used.size >= idleTokensMax) this.#forgetOne();
      this.#used.set(id, used);
    }
    return used;
  }

  #forgetOne(): void {
    for (const [id, { connections, watches }] of this.#used) {
      if (connections > 0 || watches > 0) continue;
      this.#used.delete(id);
      return;
    }
  }
}
