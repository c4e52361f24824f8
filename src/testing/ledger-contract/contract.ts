/**
 * What a subject of the suite works with: registering tests, opening stores, closing them again.
 */
import { it } from 'vitest';
import { HoldfastError } from '../../errors/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { Ledgers, LedgersOptions } from '../../ledger/ledgers.ts';
import type { ManualClock } from '../manual-clock.ts';
import { SteadyLedger } from './steady-ledger.ts';

/** One handle on a store. */
export interface OpenedLedgers {
  /** The ledgers that hold the engine; behind a wire these are the server's. */
  readonly ledgers: Ledgers;
  /** The ledger of an app, as its users get it. */
  ledger(app: string): Ledger;
  /** The time that everything in the store goes by. */
  readonly clock: ManualClock;
  /** Opens another handle on the same store, while this one is open. */
  reopen?(options?: LedgersOptions): Promise<OpenedLedgers>;
}

export interface LedgerContractSetup {
  /** Opens a handle on a new, empty store. The suite closes it after the test. */
  open(options: LedgersOptions): Promise<OpenedLedgers>;
  /** Calls may fail without cause and without effect; the suite repeats such calls. */
  readonly faults?: boolean;
  /** Names of tests that this ledger cannot pass, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
  /** For one test, in milliseconds; 30 seconds unless given. */
  readonly timeoutMs?: number;
}

export class LedgerContract {
  readonly #setup: LedgerContractSetup;
  readonly #names = new Set<string>();

  constructor(setup: LedgerContractSetup) {
    this.#setup = setup;
  }

  test(name: string, body: (world: LedgerWorld) => Promise<void>): void {
    if (this.#names.has(name)) throw new HoldfastError('internal', `two tests named '${name}'`);
    this.#names.add(name);
    const reason = this.#setup.skip?.[name];
    it(name, { timeout: this.#setup.timeoutMs ?? 60_000 }, async ({ skip }) => {
      if (reason !== undefined) skip(reason);
      const world = new LedgerWorld(this.#setup, skip);
      try {
        await body(world);
      } finally {
        await world.close();
      }
    });
  }

  refuseUnknownSkips(): void {
    for (const name of Object.keys(this.#setup.skip ?? {})) {
      if (this.#names.has(name)) continue;
      throw new HoldfastError('invalid_argument', `no test of the contract is named '${name}'`);
    }
  }
}

/** The stores of one test. */
export class LedgerWorld {
  readonly #setup: LedgerContractSetup;
  readonly #skip: (reason: string) => void;
  readonly #opened: OpenedLedgers[] = [];

  constructor(setup: LedgerContractSetup, skip: (reason: string) => void) {
    this.#setup = setup;
    this.#skip = skip;
  }

  /** A handle on a store of its own. Duties run only when the test asks for them. */
  async open(options: LedgersOptions = {}): Promise<OpenedLedgers> {
    return this.#adopt(await this.#setup.open({ sweepMs: 0, ...options }));
  }

  /** Another handle on the store of `opened`. Skips the test where there is no such thing. */
  async reopen(opened: OpenedLedgers, options: LedgersOptions = {}): Promise<OpenedLedgers> {
    const next = await opened.reopen?.({ sweepMs: 0, ...options });
    if (next === undefined) this.#skip('the setup has no reopen');
    return this.#adopt(next!);
  }

  /** Opens a store and gives what most tests need of it: one ledger and the clock. */
  async start(options: LedgersOptions = {}): Promise<OpenedLedgers & { readonly app: Ledger }> {
    const opened = await this.open(options);
    return { ...opened, app: opened.ledger('app') };
  }

  async close(): Promise<void> {
    for (const { ledgers } of this.#opened) await ledgers.close();
  }

  #adopt(opened: OpenedLedgers): OpenedLedgers {
    this.#opened.push(opened);
    if (this.#setup.faults !== true) return opened;
    const { reopen } = opened;
    return {
      ...opened,
      ledger: (app) => new SteadyLedger(opened.ledger(app)),
      ...(reopen !== undefined && { reopen: (options) => reopen(options) }),
    };
  }
}
