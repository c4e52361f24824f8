/**
 * The background duties of a store: sweeping the dead, trimming the log.
 *
 * Exact expiry does not depend on them: the dead are invisible before they are swept. Sweeping
 * makes the `expired` change and frees the space, soon after the fact.
 */
import type { Due, Engine, Ref } from '../../engine/index.ts';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { Clock, Timer } from '../../internal/clock.ts';
import { tuning } from '../group/tuning.ts';

export interface DutyLedger {
  sweep(refs: readonly Ref[]): Promise<number>;
  needsTrim(): Promise<boolean>;
  trim(): Promise<boolean>;
}

export interface DutiesOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** 0 runs nothing by itself. */
  readonly sweepMs: number;
  ledger(name: string): DutyLedger;
  /** Whether this process is the one that does them. Asked only when there is something to do. */
  isOurs(): Promise<boolean>;
  onError(error: unknown): void;
}

/** Trimming looks at every ledger, so it goes around less often than the sweep. */
const sweepsPerTrim = 40;

export class Duties {
  readonly #options: DutiesOptions;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #round = 0;

  constructor(options: DutiesOptions) {
    this.#options = options;
    this.#later();
  }

  /** Sweeps and trims everything once, whoever's turn it is. */
  async run(): Promise<void> {
    if (this.#stopped) throw new HoldfastError('closed', 'the store was closed');
    await this.#sweep(true);
    await this.#trim(true);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #later(): void {
    const { clock, sweepMs } = this.#options;
    if (this.#stopped || sweepMs === 0) return;
    this.#timer = clock.after(sweepMs, () => {
      this.#running = this.#tick().finally(() => this.#later());
    });
  }

  async #tick(): Promise<void> {
    this.#round += 1;
    try {
      await this.#sweep(false);
      if (this.#round % sweepsPerTrim === 0) await this.#trim(false);
    } catch (error) {
      if (!isHoldfastError(error, 'closed')) this.#options.onError(error);
    }
  }

  async #sweep(isAsked: boolean): Promise<void> {
    const { engine, ledger, isOurs } = this.#options;
    for (let found: number = tuning.dueFound; found === tuning.dueFound && !this.#stopped;) {
      const { time } = await engine.members();
      const due = await engine.due(time, tuning.dueFound);
      found = due.length;
      if (found > 0 && !isAsked && !(await isOurs())) return;
      for (const [name, refs] of byLedger(due)) await ledger(name).sweep(refs);
    }
  }

  async #trim(isAsked: boolean): Promise<void> {
    const { engine, ledger, isOurs } = this.#options;
    for (const name of await engine.ledgers()) {
      if (this.#stopped) return;
      if (!(await ledger(name).needsTrim())) continue;
      if (!isAsked && !(await isOurs())) return;
      await ledger(name).trim();
    }
  }
}

function byLedger(due: readonly Due[]): Map<string, Ref[]> {
  const refs = new Map<string, Ref[]>();
  for (const { ledger, scope, key } of due) {
    const list = refs.get(ledger);
    if (list === undefined) refs.set(ledger, [{ scope, key }]);
    else list.push({ scope, key });
  }
  return refs;
}
