/** The contracts of the ledger and of what stands on it, on a server and on a cluster. */
import { describe, inject } from 'vitest';
import { openRedisEngine } from '../../src/engine/redis/index.ts';
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
import { newStore, openEngine } from './stores.ts';

let stores = 0;

function openerOn(server: string) {
  return (options: LedgersOptions): Promise<OpenedLedgers> => {
    const url = newStore(server);
    const clock = new ManualClock();
    stores += 1;
    const random = seededRandom(stores);
    const openOne = async (given: LedgersOptions = {}): Promise<OpenedLedgers> => {
      const engine = await openEngine(url, { clock: pressing(clock), random });
      const ledgers = openLedgers(engine, { clock: pressing(clock), random, ...given });
      return { ledgers, clock, ledger: (app) => ledgers.ledger(app), reopen: openOne };
    };
    return openOne(options);
  };
}

// An erasure waits for the rewrite of a file that all tests share: twenty of them take a while.
const timeoutMs = 120_000;

withServer(inject('redis'), 'redis', (server) => {
  ledgerContract('redis', { open: openerOn(server), timeoutMs });
  // What the wire does is shown on other engines: it does not know which one is behind it.
  const setup = onEngine(openRedisEngine, () => newStore(server));
  scopeContract('redis', setup);
  listContract('redis', setup);
  recipeContract('redis', setup);
  describe('transactions are serializable', () => serializableTest('redis', setup, 2));
});

// A ledger's keys lie in one slot: what stands on a ledger meets nothing here that it has not met.
withServer(inject('redisCluster'), 'redis cluster', (server) => {
  ledgerContract('redis cluster', { open: openerOn(server), timeoutMs });
  const setup = onEngine(openRedisEngine, () => newStore(server));
  describe('transactions are serializable', () => serializableTest('redis cluster', setup, 2));
});
