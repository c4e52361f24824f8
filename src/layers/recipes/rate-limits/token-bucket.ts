/**
 * Bursts of up to `capacity`, and one more every `refillMs`.
 *
 * Remembers `[fullAt]`, the moment at which the bucket will be full again: each token that is taken
 * puts it off by `refillMs`. This is the generic cell rate algorithm (ITU-T I.371), which needs one
 * number and no fractions.
 */
import { isAmounts } from './rate-limit.ts';
import type { RateLimit, Taken } from './rate-limit.ts';

export class TokenBucket implements RateLimit {
  readonly most: number;
  readonly memoryMs: number;
  readonly #refillMs: number;

  constructor(capacity: number, refillMs: number) {
    this.most = capacity;
    this.memoryMs = capacity * refillMs;
    this.#refillMs = refillMs;
  }

  take(state: unknown, now: number, cost: number): Taken {
    const known = isAmounts(state, 1) ? (state[0] ?? now) : now;
    const before = Math.max(known, now);
    const wanted = before + cost * this.#refillMs;
    const allowed = wanted - now <= this.memoryMs;
    const fullAt = allowed ? wanted : before;
    const room = this.memoryMs - (fullAt - now);
    return {
      state: [fullAt],
      verdict: {
        allowed,
        remaining: Math.max(0, Math.floor(room / this.#refillMs)),
        retryMs: allowed ? 0 : wanted - now - this.memoryMs,
        resetMs: fullAt - now,
      },
    };
  }
}
