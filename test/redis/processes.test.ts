/** Several processes on one store: what they saw, and what the killed ones leave behind. */
import { describe, inject } from 'vitest';
import { killedWriters } from '../faults/killed-writers.ts';
import { stoppedWriters } from '../faults/stopped-writers.ts';
import { processHistories } from '../robustness/histories/suite.ts';
import { withServer } from '../servers/provided.ts';
import { newStore } from './stores.ts';

function processesOn(name: string, server: string): void {
  processHistories(name, () => ({ url: newStore(server), remove: () => undefined }));
  describe(name, () => {
    killedWriters(() => newStore(server));
    stoppedWriters(() => newStore(server));
  });
}

withServer(inject('redis'), 'redis', (url) => processesOn('redis', url));
withServer(inject('redisCluster'), 'redis cluster', (url) => processesOn('redis cluster', url));
