/** Sessions against their reference, with two hosts on one store. */
import { inject } from 'vitest';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import { onEngine } from '../contract/ledgers.ts';
import { sessionModelSuite } from '../model/sessions/suite.ts';
import { withServer } from '../servers/provided.ts';
import { storeUrl } from './stores.ts';

withServer(inject('postgres'), 'sessions on Postgres', (server) => {
  const setup = onEngine(openPostgresEngine, () => storeUrl(server));
  sessionModelSuite('Postgres', setup, { slice: 3, share: 0.1 });
});
