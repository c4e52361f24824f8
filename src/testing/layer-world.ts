/**
 * What a suite of a layer works with: registering tests, opening apps, closing them again.
 *
 * A layer is written against a ledger alone, so its suite asks for nothing else: run it on each
 * engine's ledger and through a wire.
 */
import { it } from 'vitest';
import type { Clock } from '../internal/clock.ts';
import { systemClock } from '../internal/clock.ts';
import { seededRandom } from '../internal/random.ts';
import type { Random } from '../internal/random.ts';
import type { Ledger } from '../ledger/index.ts';
import { App } from '../store/index.ts';
import { pacing } from './awaited-calls.ts';
import { ManualClock } from './manual-clock.ts';

export interface OpenedLedger {
  readonly ledger: Ledger;
  /** The same ledger as another process sees it. */
  another?(): Promise<Ledger>;
  /** Sweeps and trims, as a store's background does. */
  upkeep?(): Promise<void>;
  close(): Promise<void>;
}

export interface LayerContractSetup {
  /**
   * Opens a ledger of its own, whose time is that of `clock`. The suite closes it after the test.
   */
  openLedger(options: { readonly clock: Clock }): Promise<OpenedLedger>;
  /** Names of tests that cannot pass, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** One app, and the same app as another process sees it. */
export interface LayerWorld {
  readonly app: App;
  readonly ledger: Ledger;
  /** Skips the test where there is no other process. */
  another(): Promise<App>;
  /** Sweeps and trims. Skips the test where nobody can. */
  upkeep(): Promise<void>;
}

/** Time and chance for an app that a test makes itself. */
export function testParts(): { readonly clock: Clock; readonly random: Random } {
  return { clock: systemClock, random: seededRandom(1) };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export class LayerContract {
  readonly #setup: LayerContractSetup;

  constructor(setup: LayerContractSetup) {
    this.#setup = setup;
  }

  test(name: string, body: (world: LayerWorld) => Promise<void>): void {
    this.#register(name, systemClock, body);
  }

  /** A test that owns the time. */
  timed(name: string, body: (world: LayerWorld, clock: ManualClock) => Promise<void>): void {
    const clock = new ManualClock();
    this.#register(name, clock, (world) => body(world, clock), pacing(clock));
  }

  #register(
    name: string,
    clock: Clock,
    body: (world: LayerWorld) => Promise<void>,
    seen: (ledger: Ledger) => Ledger = (ledger) => ledger,
  ): void {
    const reason = this.#setup.skip?.[name];
    it(name, { timeout: 60_000 }, async ({ skip }) => {
      if (reason !== undefined) skip(reason);
      const opened = await this.#setup.openLedger({ clock });
      const parts = { clock, random: seededRandom(1) };
      const another = async (): Promise<App> => {
        if (opened.another === undefined) skip('the setup opens no second handle');
        return App.over(seen((await opened.another?.()) ?? opened.ledger), parts);
      };
      const upkeep = async (): Promise<void> => {
        if (opened.upkeep === undefined) skip('the setup does no upkeep');
        await opened.upkeep?.();
      };
      const ledger = seen(opened.ledger);
      try {
        await body({ app: App.over(ledger, parts), ledger, another, upkeep });
      } finally {
        await opened.close();
      }
    });
  }
}
