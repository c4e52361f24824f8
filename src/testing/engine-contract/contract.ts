/**
 * What a subject of the suite works with: registering tests, opening engines, closing them again.
 */
import { it } from 'vitest';
import type { Engine, EngineOptions } from '../../engine/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import { SteadyEngine } from './steady-engine.ts';

/** What an engine can do; a test that needs more is skipped and says so. */
export interface EngineSupport {
  /** Several handles may be open on one store at once (through `reopen`). */
  readonly shared: boolean;
  /** What was committed is there again after the last handle was closed. */
  readonly persistent: boolean;
  /** The engine's time is that of the injected clock, to the millisecond. */
  readonly injectedClock: boolean;
  /** A hint reaches every listener that is there, sooner or later. */
  readonly hints: boolean;
  /** A call takes the works of several ledgers: `grouping: 'store'`. */
  readonly grouped: boolean;
  /** It notices when commits may have been lost, so that openings start no incarnation (E6). */
  readonly noticesLoss?: boolean;
  /** The engine may answer `unknown` or a retryable error without cause, as a test double does. */
  readonly faults: boolean;
}

export interface EngineContractSetup {
  /** Opens a handle on a new, empty store. The suite closes it after the test. */
  open(options?: Partial<EngineOptions>): Promise<Engine>;
  /** Opens another handle on the store of `engine`, which may be open or closed already. */
  reopen?(engine: Engine, options?: Partial<EngineOptions>): Promise<Engine>;
  readonly supports: EngineSupport;
  /** Names of tests that this engine cannot pass, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
  /** For one test, in milliseconds; 20 seconds unless given. */
  readonly timeoutMs?: number;
}

type Need = 'shared' | 'persistent' | 'injectedClock' | 'hints' | 'grouped';

export class Contract {
  readonly supports: EngineSupport;
  readonly #setup: EngineContractSetup;
  readonly #names = new Set<string>();

  constructor(setup: EngineContractSetup) {
    this.supports = setup.supports;
    this.#setup = setup;
  }

  test(name: string, body: (world: World) => Promise<void>): void {
    this.testWith([], name, body);
  }

  testWith(needs: readonly Need[], name: string, body: (world: World) => Promise<void>): void {
    if (this.#names.has(name)) throw new HoldfastError('internal', `two tests named '${name}'`);
    this.#names.add(name);
    const reason = this.#setup.skip?.[name] ?? this.#lack(needs);
    const timeout = this.#setup.timeoutMs ?? 20_000;
    it(name, { timeout }, async ({ skip }) => {
      if (reason !== undefined) skip(reason);
      const world = new World(this.#setup);
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

  #lack(needs: readonly Need[]): string | undefined {
    const lacking = needs.filter((need) => !this.supports[need]);
    const handles = needs.includes('shared') || needs.includes('persistent');
    if (handles && this.#setup.reopen === undefined) return 'the setup has no reopen';
    return lacking.length === 0 ? undefined : `the engine does not support: ${lacking.join(', ')}`;
  }
}

/** The engines of one test. */
export class World {
  readonly #setup: EngineContractSetup;
  readonly #raw = new Map<Engine, Engine>();

  constructor(setup: EngineContractSetup) {
    this.#setup = setup;
  }

  /** A handle on a store of its own, with the engine's faults (if any) dealt with. */
  async open(options?: Partial<EngineOptions>): Promise<Engine> {
    return this.#adopt(await this.#setup.open(options));
  }

  async reopen(engine: Engine, options?: Partial<EngineOptions>): Promise<Engine> {
    const { reopen } = this.#setup;
    if (reopen === undefined) throw new HoldfastError('internal', 'the setup has no reopen');
    return this.#adopt(await reopen(this.raw(engine), options));
  }

  /** The engine as it is, faults included. */
  raw(engine: Engine): Engine {
    const raw = this.#raw.get(engine);
    if (raw === undefined) throw new HoldfastError('internal', 'not an engine of this test');
    return raw;
  }

  async close(): Promise<void> {
    for (const raw of this.#raw.values()) await raw.close();
  }

  #adopt(raw: Engine): Engine {
    const engine = this.#setup.supports.faults ? new SteadyEngine(raw) : raw;
    this.#raw.set(engine, raw);
    return engine;
  }
}
