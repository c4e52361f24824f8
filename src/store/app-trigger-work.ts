/** What the handler of an app's trigger is given. */
import type { Cause } from '../ledger/index.ts';
import type { Transaction } from '../layers/scopes/index.ts';
import type { TriggerEvent, TriggerWork } from '../layers/triggers/index.ts';
import type { App } from './app.ts';

export class AppTriggerWork implements TriggerWork {
  readonly #app: App;
  readonly #work: TriggerWork;

  constructor(app: App, work: TriggerWork) {
    this.#app = app;
    this.#work = work;
  }

  /** Writes through it commit together with the position: exactly once. */
  get tx(): Transaction {
    return this.#work.tx;
  }

  /** Aborts when time is up, or when another process has taken over. */
  get signal(): AbortSignal {
    return this.#work.signal;
  }

  get cause(): Cause {
    return this.#work.cause;
  }

  /** The app, whose commits say that this event is their cause. They may happen twice. */
  get app(): App {
    return this.#app.with({ cause: this.#work.cause });
  }
}

export type AppTriggerHandler<T = unknown> = (
  event: TriggerEvent<T>,
  work: AppTriggerWork,
) => unknown;
