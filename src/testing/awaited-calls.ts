/** What a ledger is being asked, so that a test's time can wait for the answers. */
import { systemClock } from '../internal/clock.ts';
import type { Ledger } from '../ledger/index.ts';
import type { ManualClock } from './manual-clock.ts';

/** In real time: a call that is open for longer waits for the test's time itself, to try again. */
const longestMs = 200;
/** Where calls follow each other without a pause, the time has to move all the same. */
const patienceMs = 1000;

/** Has the time of `clock` wait for what is asked of the ledgers that it is given. */
export function pacing(clock: ManualClock): (ledger: Ledger) => Ledger {
  const calls = new AwaitedCalls();
  clock.waitFor(() => calls.answered());
  return (ledger) => calls.of(ledger);
}

class AwaitedCalls {
  readonly #open = new Map<Promise<unknown>, number>();

  /** `ledger`, whose answers are awaited here. */
  of(ledger: Ledger): Ledger {
    return new Proxy(ledger, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]): unknown => {
          const answer: unknown = Reflect.apply(member, target, given);
          if (answer instanceof Promise) this.#await(answer);
          return answer;
        };
      },
    });
  }

  /** Resolves when no call is open but those that wait for the time. */
  async answered(): Promise<void> {
    const end = systemClock.monotonic() + patienceMs;
    for (;;) {
      const now = systemClock.monotonic();
      const recent = [...this.#open].filter(([, since]) => now - since < longestMs);
      if (recent.length === 0 || now >= end) return;
      const first = Math.min(...recent.map(([, since]) => since));
      await new Promise<void>((resolve) => {
        const timer = systemClock.after(first + longestMs - now, resolve);
        void Promise.allSettled(recent.map(([answer]) => answer)).then(() => {
          timer.cancel();
          resolve();
        });
      });
    }
  }

  #await(call: Promise<unknown>): void {
    const end = (): void => void this.#open.delete(call);
    this.#open.set(call, systemClock.monotonic());
    call.then(end, end);
  }
}
