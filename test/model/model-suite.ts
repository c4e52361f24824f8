/**
 * Random command sequences against the reference, on whatever engine, directly and through the
 * wire.
 */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { openLedgers } from '../../src/ledger/ledgers.ts';
import { loopback, ManualClock } from '../../src/testing/index.ts';
import { isSearching, runCount, runSeed } from '../robustness/runs.ts';
import { throughBadNetwork } from '../served/bad-network.ts';
import { servedLedgers } from '../served/serving.ts';
import type { ServedOptions } from '../served/serving.ts';
import { commands } from './commands.ts';
import { Driver } from './driver.ts';
import type { ModelStore } from './driver.ts';

/** Small enough that trims happen: a few dozen commits. */
const retention = { ms: 100, bytes: 20_000, hardBytes: 60_000 };

/** Opening again must find the same data: a shared name in memory, or the same file. */
export type Opening = (number: number, options: EngineOptions) => () => Promise<Engine>;

/** What fails there depends on time: to look for a shorter sequence would not end. */
const badly = 'through a bad network';

let stores = 0;

function storeOn(opening: Opening, view: ModelStore['view']): ModelStore {
  const clock = new ManualClock(1_000_000);
  stores += 1;
  const random = seededRandom(stores);
  const cacheBytes = stores % 2 === 0 ? 0 : 100_000;
  const options = {
    clock,
    random,
    cacheBytes,
    busyTimeoutMs: 0,
    mustExist: false,
    readOnly: false,
  };
  const open = opening(stores, options);
  return {
    clock,
    view,
    async open() {
      return openLedgers(await open(), { clock, random, sweepMs: 0, retention });
    },
  };
}

function seen(through: (ledger: Ledger) => Ledger): ModelStore['view'] {
  return async (ledgers) => ({
    ledger: through(ledgers.ledger('model')),
    close: () => Promise.resolve(),
  });
}

function served(options?: ServedOptions): ModelStore['view'] {
  return async (ledgers) => {
    const serving = await servedLedgers(ledgers, options);
    const losesAnswers = options === throughBadNetwork;
    return { ledger: serving.ledger('model'), losesAnswers, close: () => serving.close() };
  };
}

/** Registers the suite for one engine; `runs` unless the searching says how many. */
export function modelSuite(engine: string, opening: Opening, runs: number): void {
  describe(engine, () => {
    const views: [string, ModelStore['view']][] = [
      ['directly', seen((ledger) => ledger)],
      ['through the wire', seen(loopback)],
      ['through a server', served()],
    ];
    // It waits for the network more than it tries: for the searching alone.
    if (isSearching) views.push([badly, served(throughBadNetwork)]);
    test.each(views)('does what the reference does, command by command, %s', async (how, view) => {
      await fc.assert(
        fc.asyncProperty(commands, async (sequence) => {
          const driver = await Driver.open(storeOn(opening, view));
          try {
            for (const command of sequence) await driver.run(command);
          } finally {
            await driver.close();
          }
        }),
        { numRuns: runCount(runs), seed: runSeed, endOnFailure: how === badly },
      );
    });
  });
}
