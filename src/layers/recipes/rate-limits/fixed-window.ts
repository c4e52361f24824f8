/**
 * At most `limit` in a window, which begins with the first that is taken.
 *
 * Remembers `[start, used]`. Two windows may lie side by side, so up to twice the limit can come
 * in any span of `windowMs`; a sliding window has no such seam.
 */
import { amountsOf } from './rate-limit.ts';
import type { RateLimit, Taken } from './rate-limit.ts';

export class FixedWindow implements RateLimit {
  readonly most: number;
  readonly memoryMs: number;

  constructor(limit: number, windowMs: number) {
    this.most = limit;
    this.memoryMs = windowMs;
  }

  take(state: unknown, asked: number, cost: number): Taken {
    const [began = asked, used = 0] = amountsOf(state, 2) ?? [];
    const now = Math.max(asked, began);
    const isOver = now >= began + this.memoryMs;
    const start = isOver ? now : began;
    const before = isOver ? 0 : used;
    const allowed = before + cost <= this.most;
    const after = allowed ? before + cost : before;
    const leftMs = start + this.memoryMs - now;
    return {
      state: [start, after],
      verdict: {
        time: now,
        allowed,
        remaining: Math.max(0, this.most - after),
        retryMs: allowed ? 0 : leftMs,
        resetMs: after === 0 ? 0 : leftMs,
      },
    };
  }
}
