/**
 * All ledgers of one store, on one engine: their group commit, their duties, their end.
 *
 * D1. The dead are swept and the log is trimmed in the background, by one process of those that
 *     share the store (whichever holds the lease; several at once would do no harm, only double
 *     work).
 * D2. `close` answers what was submitted, makes it durable, and lets go of the engine.
 */
import type { Engine, EngineStats, Incarnation } from '../engine/index.ts';
import { HoldfastError } from '../errors/index.ts';
import type { Clock } from '../internal/clock.ts';
import { systemClock } from '../internal/clock.ts';
import type { Random } from '../internal/random.ts';
import { systemRandom } from '../internal/random.ts';
import { DirectLedger } from './direct-ledger.ts';
import type { LedgerOptions, QuotaWarning } from './direct-ledger.ts';
import { Committer } from './committer/committer.ts';
import { rulesOf } from './rules/app-rules.ts';
import type { AppRules, StoreRules } from './rules/app-rules.ts';
import type { Ledger, LedgerSource } from './ledger.ts';
import { limits } from './limits.ts';
import { Membership } from './membership.ts';
import { checkApp } from './names.ts';
import { Duties } from './upkeep/duties.ts';

export interface LedgersOptions extends StoreRules {
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Default 1 MiB, at most 64 MiB. */
  readonly maxValueBytes?: number | undefined;
  /** How long a `relaxed` commit may wait to become durable. Default 100. */
  readonly flushMs?: number | undefined;
  /** How long a lost answer is looked into before `outcome_unknown`. Default 10,000. */
  readonly resolveTimeoutMs?: number | undefined;
  /** How often the dead are looked for. Default 250; 0 leaves all duties to other processes. */
  readonly sweepMs?: number | undefined;
  readonly onQuotaWarning?: ((warning: QuotaWarning) => void) | undefined;
  /**
   * Told of failures of duties and flushes, which nobody waits for. Default: ignored, tried again.
   */
  readonly onBackgroundError?: ((error: unknown) => void) | undefined;
}

/** The store's own ledger, which no app's name can be: who holds the lease of the duties. */
const storeLedger = '$store';
/** The server's own ledger: its tokens. */
const systemLedger = '$sys';

export interface Ledgers extends LedgerSource {
  readonly engine: Engine;
  /** The server's own ledger, in the same store. No app can have its name. */
  readonly system: Ledger;
  /** Holds all apps to other rules, from the next group of commits on. */
  setRules(rules: StoreRules): void;
  /** Sweeps and trims now, all ledgers. Resolves when done. */
  runDuties(): Promise<void>;
}

/** Takes over `engine`: closing the ledgers closes it. */
export function openLedgers(engine: Engine, options: LedgersOptions = {}): Ledgers {
  return new DirectLedgers(engine, options);
}

class DirectLedgers implements Ledgers {
  readonly engine: Engine;
  readonly #options: LedgersOptions;
  readonly #clock: Clock;
  readonly #committer: Committer;
  readonly #ledgers = new Map<string, DirectLedger>();
  readonly #duties: Duties;
  readonly #membership: Membership;
  readonly #member: string;
  readonly #rules = new Map<string, AppRules>();
  #storeRules: StoreRules;
  #valueIds = 0;
  #closed: Promise<void> | undefined;

  constructor(engine: Engine, options: LedgersOptions) {
    this.engine = engine;
    this.#options = options;
    this.#storeRules = options;
    this.#clock = options.clock ?? systemClock;
    this.#member = (options.random ?? systemRandom).hex(8);
    const onBackgroundError = options.onBackgroundError ?? (() => undefined);
    this.#committer = new Committer({
      engine,
      clock: this.#clock,
      member: this.#member,
      flushMs: options.flushMs ?? 100,
      resolveTimeoutMs: options.resolveTimeoutMs ?? 10_000,
      onBackgroundError,
    });
    this.#membership = new Membership(this.#direct(storeLedger), {
      clock: this.#clock,
      random: options.random,
      onError: onBackgroundError,
    });
    this.#duties = new Duties({
      engine,
      clock: this.#clock,
      sweepMs: options.sweepMs ?? 250,
      ledger: (name) => this.#direct(name),
      isOurs: () => this.#ownsDuties(),
      onError: onBackgroundError,
    });
  }

  ledger(app: string): Ledger {
    checkApp(app);
    if (this.#closed !== undefined) throw new HoldfastError('closed', 'the store was closed');
    return this.#direct(app);
  }

  get system(): Ledger {
    return this.#direct(systemLedger);
  }

  async names(): Promise<readonly string[]> {
    const names = await this.engine.ledgers();
    return names.filter((name) => name !== storeLedger && name !== systemLedger);
  }

  stats(): Promise<EngineStats> {
    return this.engine.stats();
  }

  incarnations(app: string): Promise<readonly Incarnation[]> {
    return this.engine.incarnations(app);
  }

  setRules(rules: StoreRules): void {
    this.#storeRules = rules;
    this.#rules.clear();
  }

  runDuties(): Promise<void> {
    return this.#duties.run();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#duties.stop();
    await this.#membership.stop().catch(() => undefined);
    await this.#committer.drain();
    await this.engine.close();
    for (const ledger of this.#ledgers.values()) ledger.close();
  }

  /** A store that only this process can have needs no lease, nor the commit that one costs. */
  async #ownsDuties(): Promise<boolean> {
    if (this.engine.durability === 'none') return true;
    const claimed = await this.#membership.claim('duties');
    return !('heldBy' in claimed);
  }

  #direct(name: string): DirectLedger {
    let ledger = this.#ledgers.get(name);
    if (ledger === undefined) {
      const parts = {
        engine: this.engine,
        clock: this.#clock,
        committer: this.#committer,
        newValueId: () => this.#newValueId(),
      };
      ledger = new DirectLedger(name, parts, this.#optionsOf(name));
      this.#ledgers.set(name, ledger);
    }
    return ledger;
  }

  #optionsOf(name: string): LedgerOptions {
    return {
      maxValueBytes: this.#options.maxValueBytes ?? limits.valueBytesDefault,
      rules: () => this.#rulesOf(name),
      onQuotaWarning: (warning) => this.#warn(warning),
    };
  }

  #rulesOf(name: string): AppRules {
    let rules = this.#rules.get(name);
    if (rules === undefined) {
      rules = rulesOf(name, this.#storeRules);
      this.#rules.set(name, rules);
    }
    return rules;
  }

  /** A listener that throws must not fail the commit that it is told of. */
  #warn(warning: QuotaWarning): void {
    const { onQuotaWarning, onBackgroundError } = this.#options;
    try {
      onQuotaWarning?.(warning);
    } catch (error) {
      onBackgroundError?.(error);
    }
  }

  /** Ascending within a process, so that one process's large values lie side by side. */
  #newValueId(): string {
    this.#valueIds += 1;
    return `${this.#member}${this.#valueIds.toString(36).padStart(8, '0')}`;
  }
}
