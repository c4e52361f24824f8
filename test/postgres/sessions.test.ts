/** Sessions against their reference, and two hosts in processes of their own on one store. */
import { inject } from 'vitest';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import { onEngine } from '../contract/ledgers.ts';
import { sessionModelSuite } from '../model/sessions/suite.ts';
import { twoHostsSuite } from '../robustness/sessions/two-hosts.ts';
import { withServer } from '../servers/provided.ts';
import { storeUrl } from './stores.ts';

withServer(inject('postgres'), 'sessions on Postgres', (server) => {
  const setup = onEngine(openPostgresEngine, () => storeUrl(server));
  sessionModelSuite('Postgres', setup, { slice: 3, share: 0.1 });
  twoHostsSuite('Postgres', () => {
    return { url: storeUrl(server, { stallMs: '300' }), remove: () => undefined };
  });
});
