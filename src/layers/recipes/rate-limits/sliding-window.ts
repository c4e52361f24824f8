/**
 * At most `limit` in any span of `windowMs`, wherever it begins.
 *
 * Remembers how much was taken in each slot of a part of the window, `[slot, used, slot, used, …]`:
 * a slot counts until the window has left all of it behind. So nobody is ever admitted too early,
 * and at most one slot too late; the memory is bounded by the slots, not by the limit.
 */
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

  take(state: unknown, now: number, cost: number): Taken {
    const kept = slotsOf(state).filter(({ number }) => this.#endsAt(number) > now);
    const before = kept.reduce((sum, { used }) => sum + used, 0);
    const allowed = before + cost <= this.most;
    const slots = allowed ? this.#with(kept, now, cost) : kept;
    const after = allowed ? before + cost : before;
    const last = slots.at(-1);
    return {
      state: slots.flatMap(({ number, used }) => [number, used]),
      verdict: {
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
    // A caller whose time is early joins those who came later: it is counted for longer.
    const number = Math.max(Math.floor(now / this.#slotMs), last?.number ?? 0);
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

function slotsOf(state: unknown): Slot[] {
  if (!Array.isArray(state) || state.length % 2 !== 0) return [];
  const slots: Slot[] = [];
  for (let index = 0; index < state.length; index += 2) {
    const [number, used] = [state[index], state[index + 1]] as unknown[];
    if (!Number.isSafeInteger(number) || !Number.isSafeInteger(used)) return [];
    slots.push({ number: number as number, used: used as number });
  }
  return slots;
}
