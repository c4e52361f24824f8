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
    // In browsers a timer is a number, and no process waits for it.
    if (typeof handle === 'object') handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  soon: typeof setImmediate === 'function' ? (run) => void setImmediate(run) : soonInBrowser,
};

/** A message to oneself comes with the next turn; a timer would be held back for milliseconds. */
function soonInBrowser(run: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => {
    port1.close();
    run();
  });
  port1.start();
  port2.postMessage(undefined);
}
