/**
 * Random command sequences against the reference, on every engine, directly and through the wire.
 */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { openMemoryEngine } from '../../src/engine/memory/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/ledgers.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { commands } from './commands.ts';
import { Driver } from './driver.ts';
import type { ModelStore } from './driver.ts';

const runs = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 150);
const seed = Number(process.env['HOLDFAST_FUZZ_SEED'] ?? 1);
/** Small enough that trims happen: a few dozen commits. */
const retention = { ms: 100, bytes: 20_000, hardBytes: 60_000 };

let stores = 0;

function memoryStore(): ModelStore {
  const clock = new ManualClock(1_000_000);
  const random = seededRandom(stores);
  stores += 1;
  const url = `memory:model-${stores}`;
  return {
    clock,
    async open() {
      const options = {
        clock,
        random,
        cacheBytes: 0,
        busyTimeoutMs: 0,
        mustExist: false,
        readOnly: false,
      };
      const engine = await openMemoryEngine(url, options);
      return openLedgers(engine, { clock, random, sweepMs: 0, retention });
    },
    view: (ledger) => ledger,
  };
}

describe.each([['memory', memoryStore] as const])('%s', (_name, openStore) => {
  test('does what the reference does, command by command', { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const driver = await Driver.open(openStore());
        try {
          for (const command of sequence) await driver.run(command);
        } finally {
          await driver.close();
        }
      }),
      { numRuns: runs, seed },
    );
  });
});
