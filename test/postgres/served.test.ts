/** A server on Postgres, as a client sees it. */
import { inject } from 'vitest';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import { servedSuites } from '../contract/served-suites.ts';
import { withServer } from '../servers/provided.ts';
import { storeUrl } from './stores.ts';

withServer(inject('postgres'), 'postgres', (server) => {
  servedSuites('postgres', { open: openPostgresEngine, newUrl: () => storeUrl(server) });
});
