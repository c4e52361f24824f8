/**
 * Bursts of up to `capacity`, and one more every `refillMs`.
 *
 * Remembers `[served, fullAt]`: when it served last, and when the bucket will be full again, which
 * each token that is taken puts off by `refillMs`. This is the generic cell rate algorithm (ITU-T
 * I.371), which needs no fractions.
 */
import { amountsOf } from './rate-limit.ts';
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

  take(state: unknown, asked: number, cost: number): Taken {
    const [served = asked, full = asked] = amountsOf(state, 2) ?? [];
    const now = Math.max(asked, served);
    const before = Math.max(full, now);
    const wanted = before + cost * this.#refillMs;
    const allowed = wanted - now <= this.memoryMs;
    const fullAt = allowed ? wanted : before;
    const room = this.memoryMs - (fullAt - now);
    return {
      state: [now, fullAt],
      verdict: {
        time: now,
        allowed,
        remaining: Math.max(0, Math.floor(room / this.#refillMs)),
        retryMs: allowed ? 0 : wanted - now - this.memoryMs,
        resetMs: fullAt - now,
      },
    };
  }
}
