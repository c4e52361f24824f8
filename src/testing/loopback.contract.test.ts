import { openMemoryEngine } from '../engine/memory/index.ts';
import { seededRandom } from '../internal/random.ts';
import type { Random } from '../internal/random.ts';
import { openLedgers } from '../ledger/ledgers.ts';
import type { LedgersOptions } from '../ledger/ledgers.ts';
import { ledgerContract } from './ledger-contract/index.ts';
import type { OpenedLedgers } from './ledger-contract/index.ts';
import { loopback } from './loopback.ts';
import { ManualClock } from './manual-clock.ts';

let stores = 0;

async function openAt(
  url: string,
  clock: ManualClock,
  random: Random,
  options: LedgersOptions = {},
): Promise<OpenedLedgers> {
  const shared = { cacheBytes: 0, busyTimeoutMs: 0, mustExist: false, readOnly: false };
  const engine = await openMemoryEngine(url, { clock, random, ...shared });
  const ledgers = openLedgers(engine, { clock, random, ...options });
  return {
    ledgers,
    clock,
    ledger: (app) => loopback(ledgers.ledger(app)),
    reopen: (again) => openAt(url, clock, random, again),
  };
}

ledgerContract('behind the wire', {
  open: (options) => {
    stores += 1;
    const random = seededRandom(stores);
    return openAt(`memory:loopback-${stores}`, new ManualClock(), random, options);
  },
});
