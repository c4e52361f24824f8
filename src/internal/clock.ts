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
  /**
   * Like `soon`, but after all that is called soon in the same turn, and after what follows from
   * that without waiting: whoever has just arrived can still join.
   */
  endOfTurn(run: () => void): void;
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
  ...(typeof setImmediate === 'function' ? turnsInNode() : inBrowser()),
};

/** `clock`, but for what is given. */
export function clockWith(clock: Clock, changed: Partial<Clock>): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (delayMs) => clock.sleep(delayMs),
    after: (delayMs, run) => clock.after(delayMs, run),
    soon: (run) => clock.soon(run),
    endOfTurn: (run) => clock.endOfTurn(run),
    ...changed,
  };
}

/**
 * One immediate for all that is asked for in a turn: of several, the one that was asked for first
 * would come first, whatever it is for.
 */
function turnsInNode(): Pick<Clock, 'soon' | 'endOfTurn'> {
  let turn: { readonly soon: (() => void)[]; readonly last: (() => void)[] } | undefined;
  const planned = () => {
    if (turn === undefined) {
      turn = { soon: [], last: [] };
      setImmediate(begin);
    }
    return turn;
  };
  const begin = (): void => {
    const { soon, last } = planned();
    turn = undefined;
    // As microtasks, so that one that throws stops no other.
    for (const run of soon) queueMicrotask(run);
    if (last.length === 0) return;
    const end = (): void => {
      for (const run of last) queueMicrotask(run);
    };
    // Node takes its own queue up only when no microtask is left.
    queueMicrotask(() => process.nextTick(end));
  };
  return {
    soon: (run) => void planned().soon.push(run),
    endOfTurn: (run) => void planned().last.push(run),
  };
}

function inBrowser(): Pick<Clock, 'soon' | 'endOfTurn'> {
  return { soon: soonInBrowser, endOfTurn: soonInBrowser };
}

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
