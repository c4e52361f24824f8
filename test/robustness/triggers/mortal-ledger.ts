/**
 * The ledger of a process that dies at its nth call: the call never reaches the store, or it is
 * applied and nobody learns of it. Afterwards nothing that the process asks is ever answered.
 */
import type { Ledger, LogPage } from '../../../src/ledger/index.ts';

export type Death = 'before the call' | 'after the call';

export class Mortality {
  /** Calls so far. */
  calls = 0;
  isDead = false;
  readonly #dieAt: number;
  readonly #death: Death;

  /** The first call is 1. */
  constructor(dieAt: number, death: Death) {
    this.#dieAt = dieAt;
    this.#death = death;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    this.calls += 1;
    const isLast = this.calls === this.#dieAt;
    if (isLast && this.#death === 'before the call') this.isDead = true;
    if (this.isDead) return never();
    const answer = await call();
    if (isLast) this.isDead = true;
    return this.isDead ? never() : answer;
  }
}

export function mortal(ledger: Ledger, life: Mortality): Ledger {
  async function* watch(options: Parameters<Ledger['watch']>[0]): AsyncGenerator<LogPage> {
    const pages = ledger.watch(options)[Symbol.asyncIterator]();
    for (;;) {
      if (life.isDead) await never();
      const page = await pages.next();
      if (page.done === true) return;
      yield await life.run(async () => Promise.resolve(page.value));
    }
  }
  const methods = ['head', 'read', 'scan', 'scopes', 'scope', 'commit', 'log', 'pin'] as const;
  const others = ['erase', 'heartbeat', 'members'] as const;
  const calls: Record<string, unknown> = {};
  for (const method of [...methods, ...others]) {
    const call = ledger[method].bind(ledger) as (...values: unknown[]) => Promise<unknown>;
    calls[method] = (...values: unknown[]) => life.run(() => call(...values));
  }
  return { ...calls, name: ledger.name, watch } as unknown as Ledger;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
