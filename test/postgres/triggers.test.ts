/** Watches and triggers: their contracts, and P7 with processes that die and bad lines. */
import { inject } from 'vitest';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import { triggerContract, watchContract } from '../../src/testing/index.ts';
import { onEngine, onServedEngine } from '../contract/ledgers.ts';
import { throughAServer } from '../robustness/grounds.ts';
import { triggerFaults } from '../robustness/triggers/fault-suite.ts';
import { triggerProcesses } from '../robustness/triggers/process-suite.ts';
import { withServer } from '../servers/provided.ts';
import { groundOn, storeUrl } from './stores.ts';

withServer(inject('postgres'), 'reaction on Postgres', (server) => {
  const direct = onEngine(openPostgresEngine, () => storeUrl(server));
  const served = onServedEngine(openPostgresEngine, () => storeUrl(server));
  for (const [view, setup] of Object.entries({ postgres: direct, 'postgres, served': served })) {
    watchContract(view, setup);
    triggerContract(view, setup);
  }
  triggerFaults('postgres', groundOn(server), 8, 2);
  triggerFaults('postgres through a server', throughAServer(groundOn(server)), 12, 1);
  triggerProcesses('postgres', () => groundOn(server).newStore(), 2);
});
