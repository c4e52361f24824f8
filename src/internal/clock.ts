/**
 * Time and waiting, injected everywhere so that tests can own them.
 *
 * `now` is wall time (it may jump); `monotonic` only measures spans. Nothing outside `internal/`
 * may read the ambient clock or start an ambient timer.
 */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch, an integer. */
  now(): number;
  /** Milliseconds from an arbitrary origin, never backwards. */
  monotonic(): number;
  /** Resolves after `delayMs`; somebody waits for it, so it keeps the process alive. */
  sleep(delayMs: number): Promise<void>;
  /** Calls `run` once after `delayMs`: background work, which does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` when the event loop has taken what is ready, so that waiting callers can join. */
  soon(run: () => void): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  soon(run) {
    setImmediate(run);
  },
};
