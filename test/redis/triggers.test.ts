/** Watches and triggers: their contracts, and P7 with processes that die and bad lines. */
import { inject } from 'vitest';
import { openRedisEngine } from '../../src/engine/redis/index.ts';
import { triggerContract, watchContract } from '../../src/testing/index.ts';
import { onEngine, onServedEngine } from '../contract/ledgers.ts';
import { throughAServer } from '../robustness/grounds.ts';
import { triggerFaults } from '../robustness/triggers/fault-suite.ts';
import { triggerProcesses } from '../robustness/triggers/process-suite.ts';
import { withServer } from '../servers/provided.ts';
import { groundOn, newStore } from './stores.ts';

function reactionOn(name: string, server: string): void {
  const direct = onEngine(openRedisEngine, () => newStore(server));
  watchContract(name, direct);
  triggerContract(name, direct);
  triggerContract(
    `${name}, served`,
    onServedEngine(openRedisEngine, () => newStore(server)),
  );
  triggerFaults(name, groundOn(server), 4, 2);
  triggerFaults(`${name} through a server`, throughAServer(groundOn(server)), 8, 2);
  triggerProcesses(name, () => groundOn(server).newStore(), 2);
}

withServer(inject('redis'), 'reaction on Redis', (url) => reactionOn('redis', url));
withServer(inject('redisCluster'), 'reaction on a cluster', (url) => {
  reactionOn('redis cluster', url);
});
