/** Several processes on one store: what they saw, and what the killed ones leave behind. */
import { inject } from 'vitest';
import { killedWriters } from '../faults/killed-writers.ts';
import { stoppedWriters } from '../faults/stopped-writers.ts';
import { processHistories } from '../robustness/histories/suite.ts';
import { withServer } from '../servers/provided.ts';
import { storeUrl } from './stores.ts';

withServer(inject('postgres'), 'processes on Postgres', (server) => {
  processHistories('postgres', () => ({ url: storeUrl(server), remove: () => undefined }));
  killedWriters(() => storeUrl(server, { stallMs: '300' }));
  stoppedWriters(() => storeUrl(server, { stallMs: '300' }));
});
