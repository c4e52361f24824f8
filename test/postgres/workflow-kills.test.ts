/** Workflows whose processes are killed and stopped, on Postgres. */
import { inject } from 'vitest';
import { killSuite } from '../robustness/workflow/kill-suite.ts';
import { stopSuite } from '../robustness/workflow/stop-suite.ts';
import { withServer } from '../servers/provided.ts';
import { storeUrl } from './stores.ts';

withServer(inject('postgres'), 'workflows on Postgres', (server) => {
  // What a killed client held is given up at once; what a stopped one holds, after `stallMs`.
  const newStore = () => ({
    url: storeUrl(server, { stallMs: '300' }),
    remove: () => undefined,
  });
  killSuite('Postgres', { slice: 6, newStore });
  stopSuite('Postgres', newStore);
});
