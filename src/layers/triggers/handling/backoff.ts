/** How long a failed event waits: twice as long each time, within a limit, and never in step. */
import type { Random } from '../../../internal/random.ts';

export interface RetryPlan {
  readonly attempts: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The wait before the attempt after `failed` of them; what an error asks for is the least. */
export function backoffMs(plan: RetryPlan, failed: number, error: unknown, random: Random): number {
  const full = Math.min(plan.longestMs, plan.firstMs * 2 ** Math.min(failed - 1, 40));
  const asked = (error as { details?: { retryAfterMs?: unknown } } | null)?.details?.retryAfterMs;
  const least = typeof asked === 'number' && asked > 0 ? Math.min(asked, plan.longestMs) : 0;
  return Math.max(least, Math.ceil(full * (0.5 + random.float() / 2)));
}
