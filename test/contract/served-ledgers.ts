/** What the ledger's contract runs on, behind a real server: as the client sees it. */
import { afterEach } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import type { LedgersOptions } from '../../src/ledger/index.ts';
import { ManualClock, pressing } from '../../src/testing/index.ts';
import type { LedgerContractSetup, OpenedLedgers } from '../../src/testing/index.ts';
import { servedLedgers } from '../served/serving.ts';
import type { Served, ServedOptions } from '../served/serving.ts';

let stores = 0;

const serving: Served[] = [];

type OpenEngine = (url: string, options: EngineOptions) => Promise<Engine>;

/** Call it once in a file that uses `servedOpener`. */
export function closeServedAfterEach(): void {
  afterEach(async () => {
    for (const served of serving.splice(0)) await served.close();
  });
}

export function servedOpener(
  openEngine: OpenEngine,
  urlOf: (number: number) => string,
  options: ServedOptions = {},
): LedgerContractSetup['open'] {
  return (first) => {
    stores += 1;
    const url = urlOf(stores);
    const random = seededRandom(stores);
    const clock = new ManualClock();
    const openOne = async (given: LedgersOptions = {}): Promise<OpenedLedgers> => {
      const shared = { cacheBytes: 100_000, busyTimeoutMs: 0, mustExist: false, readOnly: false };
      const engine = await openEngine(url, { clock: pressing(clock), random, ...shared });
      const ledgers = openLedgers(engine, { clock: pressing(clock), random, ...given });
      const served = await servedLedgers(ledgers, options);
      serving.push(served);
      const close = ledgers.close.bind(ledgers);
      // What was asked before is under way on the wire: it has to arrive before the ledgers close.
      ledgers.close = async () => {
        await served.source.names().catch(() => undefined);
        await close();
      };
      return { ledgers, clock, ledger: (app) => served.ledger(app), reopen: openOne };
    };
    return openOne(first);
  };
}

export const servedSkips = {
  'more proposals than may wait are refused, and the others are not':
    'a client lets no more calls be open than its server allows',
};
