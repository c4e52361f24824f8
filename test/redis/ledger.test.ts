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

function contractsOn(name: string, server: string): void {
  // An erasure waits for the rewrite of a file that all tests share: twenty of them take a while.
  ledgerContract(name, { open: openerOn(server), timeoutMs: 120_000 });
  // What the wire does is shown on other engines: it does not know which one is behind it.
  const setup = onEngine(openRedisEngine, () => newStore(server));
  scopeContract(name, setup);
  listContract(name, setup);
  recipeContract(name, setup);
  describe('transactions are serializable', () => serializableTest(name, setup, 2));
}

withServer(inject('redis'), 'redis', (url) => contractsOn('redis', url));
withServer(inject('redisCluster'), 'redis cluster', (url) => contractsOn('redis cluster', url));
