/** Watches and triggers: their contracts, and P7 with processes that die and bad lines. */
import { inject } from 'vitest';
import { openRedisEngine } from '../../src/engine/redis/index.ts';
import { triggerContract, watchContract } from '../../src/testing/index.ts';
import { onEngine } from '../contract/ledgers.ts';
import { throughAServer } from '../robustness/grounds.ts';
import { triggerFaults } from '../robustness/triggers/fault-suite.ts';
import { triggerProcesses } from '../robustness/triggers/process-suite.ts';
import { withServer } from '../servers/provided.ts';
import { groundOn, newStore } from './stores.ts';

withServer(inject('redis'), 'reaction on Redis', (server) => {
  const direct = onEngine(openRedisEngine, () => newStore(server));
  watchContract('redis', direct);
  triggerContract('redis', direct);
  triggerFaults('redis', groundOn(server), 8, 2);
  triggerFaults('redis through a server', throughAServer(groundOn(server)), 12, 1);
  triggerProcesses('redis', () => groundOn(server).newStore(), 2);
});

// A ledger's keys lie in one slot; what differs is who says that something came, and when.
withServer(inject('redisCluster'), 'reaction on a cluster', (server) => {
  watchContract(
    'redis cluster',
    onEngine(openRedisEngine, () => newStore(server)),
  );
  triggerProcesses('redis cluster', () => groundOn(server).newStore(), 2);
});
