/** The ledger's contract through a real server and client: embedded and remote are one thing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import type { Engine, EngineOptions } from '../../../src/engine/index.ts';
import { openMemoryEngine } from '../../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../../src/engine/sqlite/index.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import { openLedgers } from '../../../src/ledger/index.ts';
import type { LedgersOptions } from '../../../src/ledger/index.ts';
import { ManualClock, ledgerContract, pressing } from '../../../src/testing/index.ts';
import type { LedgerContractSetup, OpenedLedgers } from '../../../src/testing/index.ts';
import { servedLedgers } from '../serving.ts';
import type { Served } from '../serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-served-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stores = 0;

const serving: Served[] = [];
afterEach(async () => {
  for (const served of serving.splice(0)) await served.close();
});

type OpenEngine = (url: string, options: EngineOptions) => Promise<Engine>;

function opener(open: OpenEngine, urlOf: (number: number) => string): LedgerContractSetup['open'] {
  return (options) => {
    stores += 1;
    const url = urlOf(stores);
    const random = seededRandom(stores);
    const clock = new ManualClock();
    const openOne = async (given: LedgersOptions = {}): Promise<OpenedLedgers> => {
      const shared = { cacheBytes: 100_000, busyTimeoutMs: 0, mustExist: false, readOnly: false };
      const engine = await open(url, { clock: pressing(clock), random, ...shared });
      const ledgers = openLedgers(engine, { clock: pressing(clock), random, ...given });
      const served = await servedLedgers(ledgers);
      serving.push(served);
      const close = ledgers.close.bind(ledgers);
      // What was asked before is under way on the wire: it has to arrive before the ledgers close.
      ledgers.close = async () => {
        await served.source.names().catch(() => undefined);
        await close();
      };
      return { ledgers, clock, ledger: (app) => served.ledger(app), reopen: openOne };
    };
    return openOne(options);
  };
}

const skip = {
  'more proposals than may wait are refused, and the others are not':
    'a client lets no more calls be open than its server allows',
};

ledgerContract('memory, served', {
  skip,
  open: opener(openMemoryEngine, (number) => `memory:served-${number}`),
});
ledgerContract('sqlite, served', {
  skip,
  open: opener(openSqliteEngine, (number) => `file:${join(folder, `${number}.db`)}`),
});
