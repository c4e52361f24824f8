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
  // Through a server of its own: see served.test.ts.
  const setup = onEngine(openPostgresEngine, () => storeUrl(server));
  scopeContract('postgres', setup);
  listContract('postgres', setup);
  recipeContract('postgres', setup);
  describe('transactions are serializable', () => serializableTest('postgres', setup, 2));
});
