/** What tests of computations share: turns of the event loop, and computations that they end. */
import { systemClock } from '../../internal/clock.ts';
import type { ManualClock } from '../manual-clock.ts';

/** For what comes soon, on a busy machine and from a server, too. */
export const patience = { timeout: 25_000, interval: 20 } as const;

/** Lets what is under way go on until it waits for something else. */
export async function turns(count = 60): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise<void>((resolve) => systemClock.soon(resolve));
  }
}

/**
 * Lets time pass until the promise is settled: an engine may wait for its clock, too. Slowly, so
 * that what is under way to a server arrives before its lease is over.
 */
export async function passing<T>(promise: Promise<T>, clock: ManualClock): Promise<T> {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  while (!state.settled) {
    await clock.pass(20);
    await systemClock.sleep(4);
  }
  return promise;
}

export interface Computation<T> {
  readonly started: Promise<void>;
  readonly signal: () => AbortSignal | undefined;
  readonly compute: (key: string, signal: AbortSignal) => Promise<T>;
  finish(value: T): void;
}

export function computation<T>(): Computation<T> {
  const started = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<T>();
  let seen: AbortSignal | undefined;
  return {
    started: started.promise,
    signal: () => seen,
    compute(_, signal) {
      seen = signal;
      started.resolve();
      return finished.promise;
    },
    finish: (value) => finished.resolve(value),
  };
}
