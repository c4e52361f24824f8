/**
 * Random command sequences against the reference, on every engine, directly and through the wire.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { noFaults, openHostileEngine } from '../../src/engine/hostile/index.ts';
import type { HostileFaults } from '../../src/engine/hostile/index.ts';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { openMemoryEngine } from '../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/ledgers.ts';
import { loopback, ManualClock } from '../../src/testing/index.ts';
import { commands } from './commands.ts';
import { Driver } from './driver.ts';
import type { ModelStore } from './driver.ts';

const fuzzRuns = process.env['HOLDFAST_FUZZ_RUNS'];
/** Opening a file costs more than a short sequence of commands on it. */
const runs = (engine: string): number => Number(fuzzRuns ?? (engine === 'sqlite' ? 50 : 200));
const seed = Number(process.env['HOLDFAST_FUZZ_SEED'] ?? 1);
/** Small enough that trims happen: a few dozen commits. */
const retention = { ms: 100, bytes: 20_000, hardBytes: 60_000 };

/**
 * Everything that can go wrong and be put right again. Not calls that fail, which end a sequence,
 * nor views of an earlier moment, whose time an entry may rightly carry: the reference knows one
 * clock.
 */
const faults: HostileFaults = {
  ...noFaults,
  repeatedDecide: 0.3,
  unknownOutcome: 0.1,
  errorAfter: 0.1,
  delay: 0.2,
  lostHints: 0.3,
  doubledHints: 0.3,
};

let stores = 0;

type Opening = (number: number, options: EngineOptions) => () => Promise<Engine>;

/** Opening again must find the same data: a shared name in memory, or the same file. */
const openings: Record<string, Opening> = {
  memory: (number, options) => () => openMemoryEngine(`memory:model-${number}`, options),
  hostile: (number, options) => () => openHostileEngine(`hostile:model-${number}`, options, faults),
  sqlite: (number, options) => {
    const path = join(folder, `${number}.db`);
    return () => openSqliteEngine(`file:${path}`, options);
  },
};

const folder = mkdtempSync(join(tmpdir(), 'holdfast-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

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

describe.each(Object.keys(openings))('%s', (engine) => {
  const views: [string, ModelStore['view']][] = [
    ['directly', (ledger) => ledger],
    ['through the wire', loopback],
  ];
  test.each(views)('does what the reference does, command by command, %s', async (_how, view) => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const driver = await Driver.open(storeOn(openings[engine]!, view));
        try {
          for (const command of sequence) await driver.run(command);
        } finally {
          await driver.close();
        }
      }),
      { numRuns: runs(engine), seed },
    );
  });
});
