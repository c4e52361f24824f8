/** P6: a watch resumes without gap or duplicate, or says that it cannot. */
import { inject } from 'vitest';
import { throughAServer, throughAWire } from '../robustness/grounds.ts';
import { watchSearch } from '../robustness/watches/suite.ts';
import { withServer } from '../servers/provided.ts';
import { groundOn } from './stores.ts';

withServer(inject('postgres'), 'watches against the log', (server) => {
  const ground = groundOn(server);
  watchSearch('postgres', ground, 3);
  watchSearch('postgres through a wire', throughAWire(ground), 2);
  watchSearch('postgres through a server', throughAServer(ground), 2);
});
