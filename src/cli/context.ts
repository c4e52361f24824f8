/**
 * What a command works with: its store, its output, and the signal that tells it to stop.
 *
 * A command opens the store itself, because only it knows what it will do with it.
 */
import type { Config } from '../config/index.ts';
import { systemClock } from '../internal/clock.ts';
import type { Clock } from '../internal/clock.ts';
import type { Ledger } from '../ledger/index.ts';
import { usageError } from './failure.ts';
import { Output } from './output/output.ts';
import type { OutputMode } from './output/output.ts';
import { PhasedProgress } from './output/phased-progress.ts';
import { startProgress } from './output/progress.ts';
import type { Progress, ProgressUnit } from './output/progress.ts';
import { openStore, storeUrl } from './store.ts';
import type { Access, OpenStore, StorePlace } from './store.ts';

export interface GlobalOptions {
  readonly store: string;
  readonly app: string;
  readonly token?: string | undefined;
  /** A config file, which names the store and the rules of its apps. */
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  readonly table?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

export class Context {
  readonly options: GlobalOptions;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Whether the store was named on the command line itself. */
  readonly isStoreNamed: boolean;
  readonly clock: Clock = systemClock;
  #config: Promise<Config> | undefined;

  constructor(options: GlobalOptions, signal: AbortSignal, isStoreNamed: boolean) {
    this.options = options;
    this.signal = signal;
    this.isStoreNamed = isStoreNamed;
    this.output = new Output(process.stdout, modeOf(options));
  }

  get isJson(): boolean {
    return this.output.mode === 'json';
  }

  /** The config file, if one is named. Throws `invalid_config`. */
  async config(): Promise<Config | undefined> {
    const { config: file } = this.options;
    if (file === undefined) return undefined;
    // Loaded when it is needed, with the libraries that read and judge files.
    this.#config ??= import('../config/index.ts').then(({ loadConfig }) => loadConfig(file));
    return this.#config;
  }

  /** Where the store is: what the config file says, or else `--store`. */
  async place(): Promise<StorePlace> {
    const { config: file, token, store } = this.options;
    const config = await this.config();
    if (config === undefined) return { url: storeUrl(store), token };
    if (this.isStoreNamed) throw usageError(`${file} names the store; leave --store out`);
    const { storeSettings } = await import('../config/index.ts');
    return { url: storeSettings(config).url, token: token ?? config.store.token, config };
  }

  /** Runs `work` on the store and lets go of it, whatever happens. */
  async withStore<T>(access: Access, work: (store: OpenStore) => Promise<T>): Promise<T> {
    const store = await openStore(await this.place(), access);
    try {
      const result = await work(store);
      // What a command wrote may have met entries that died; others may not come by to sweep.
      if (access !== 'read') await store.ledgers?.runDuties();
      return result;
    } finally {
      await store.close();
    }
  }

  async withLedger<T>(access: Access, work: (ledger: Ledger) => Promise<T>): Promise<T> {
    return this.withStore(access, (store) => work(store.ledger(this.options.app)));
  }

  progress(label: string, unit: ProgressUnit, total: number | undefined): Progress {
    const quiet = this.options.quiet === true;
    return startProgress({ label, unit, total, quiet, clock: this.clock, stream: process.stderr });
  }

  /** A bar for each phase of long work. */
  phases(unit: ProgressUnit): PhasedProgress {
    return new PhasedProgress((label, total) => this.progress(label, unit, total));
  }

  /** A remark for a person: to standard error, and only where that is a terminal. */
  note(text: string): void {
    if (process.stderr.isTTY && this.options.quiet !== true) process.stderr.write(`${text}\n`);
  }
}

function modeOf({ json, table }: GlobalOptions): OutputMode {
  if (json === true) return 'json';
  if (table === true) return 'table';
  return process.stdout.isTTY ? 'table' : 'json';
}
