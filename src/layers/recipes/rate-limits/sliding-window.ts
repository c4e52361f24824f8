/**
 * At most `limit` in any span of `windowMs`, wherever it begins.
 *
 * Remembers when it served last and how much it gave in each slot of a part of the window, `[time,
 * slot, used, slot, used, …]`: a slot counts until the window has left all of it behind. So nobody
 * is ever admitted too early, and at most one slot too late; the memory is bounded by the slots,
 * not by the limit. Who comes with an earlier time than that last one is judged by that last one:
 * what had to be known about the time before it may be forgotten.
 */
import { amountsOf } from './rate-limit.ts';
import type { RateLimit, Taken } from './rate-limit.ts';

interface Slot {
  readonly number: number;
  readonly used: number;
}

export class SlidingWindow implements RateLimit {
  readonly most: number;
  readonly memoryMs: number;
  readonly #windowMs: number;
  readonly #slotMs: number;

  constructor(limit: number, windowMs: number, slots: number) {
    this.most = limit;
    this.#windowMs = windowMs;
    this.#slotMs = Math.max(1, Math.ceil(windowMs / slots));
    this.memoryMs = windowMs + this.#slotMs;
  }

  take(state: unknown, asked: number, cost: number): Taken {
    const { served, slots: known } = memoryOf(state);
    const now = Math.max(asked, served);
    const kept = known.filter(({ number }) => this.#endsAt(number) > now);
    const before = kept.reduce((sum, { used }) => sum + used, 0);
    const allowed = before + cost <= this.most;
    const slots = allowed ? this.#with(kept, now, cost) : kept;
    const after = allowed ? before + cost : before;
    const last = slots.at(-1);
    return {
      state: [now, ...slots.flatMap(({ number, used }) => [number, used])],
      verdict: {
        time: now,
        allowed,
        remaining: Math.max(0, this.most - after),
        retryMs: allowed ? 0 : this.#retryMs(kept, now, before + cost - this.most),
        resetMs: last === undefined ? 0 : this.#endsAt(last.number) - now,
      },
    };
  }

  /** When what was taken in a slot counts no more. */
  #endsAt(number: number): number {
    return (number + 1) * this.#slotMs + this.#windowMs;
  }

  #with(kept: readonly Slot[], now: number, cost: number): Slot[] {
    const last = kept.at(-1);
    const number = Math.floor(now / this.#slotMs);
    if (last?.number !== number) return [...kept, { number, used: cost }];
    return [...kept.slice(0, -1), { number, used: last.used + cost }];
  }

  #retryMs(kept: readonly Slot[], now: number, missing: number): number {
    let freed = 0;
    for (const { number, used } of kept) {
      freed += used;
      if (freed >= missing) return this.#endsAt(number) - now;
    }
    return this.#windowMs;
  }
}

function memoryOf(state: unknown): { readonly served: number; readonly slots: readonly Slot[] } {
  const [served, ...amounts] = amountsOf(state) ?? [];
  if (served === undefined || amounts.length % 2 !== 0) return { served: 0, slots: [] };
  const slots: Slot[] = [];
  for (let index = 0; index < amounts.length; index += 2) {
    slots.push({ number: amounts[index] ?? 0, used: amounts[index + 1] ?? 0 });
  }
  return { served, slots };
}
