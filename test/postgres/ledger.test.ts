/** The contracts of the ledger and of what stands on it. */
import { describe, inject } from 'vitest';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import type { LedgersOptions } from '../../src/ledger/ledgers.ts';
import {
  ledgerContract,
  listContract,
  recipeContract,
  loopback,
  ManualClock,
  pressing,
  scopeContract,
} from '../../src/testing/index.ts';
import type { OpenedLedgers } from '../../src/testing/index.ts';
import { onEngine } from '../contract/ledgers.ts';
import { serializableTest } from '../model/serializable.ts';
import { withServer } from '../servers/provided.ts';
import { open, storeUrl } from './stores.ts';

let stores = 0;

function openerOn(server: string) {
  return (options: LedgersOptions): Promise<OpenedLedgers> => {
    const url = storeUrl(server);
    const clock = new ManualClock();
    stores += 1;
    const random = seededRandom(stores);
    const openOne = async (given: LedgersOptions = {}): Promise<OpenedLedgers> => {
      const engine = await open(url, { clock: pressing(clock), random });
      const ledgers = openLedgers(engine, { clock: pressing(clock), random, ...given });
      return { ledgers, clock, ledger: (app) => ledgers.ledger(app), reopen: openOne };
    };
    return openOne(options);
  };
}

withServer(inject('postgres'), 'postgres', (server) => {
  ledgerContract('postgres', { open: openerOn(server) });
  const direct = onEngine(openPostgresEngine, () => storeUrl(server));
  const remote = onEngine(openPostgresEngine, () => storeUrl(server), loopback);
  for (const [view, setup] of Object.entries({ postgres: direct, 'postgres, by wire': remote })) {
    scopeContract(view, setup);
    listContract(view, setup);
    recipeContract(view, setup);
    describe('transactions are serializable', () => serializableTest(view, setup, 2));
  }
});
