/** P6: a watch resumes without gap or duplicate, or says that it cannot. */
import { inject } from 'vitest';
import { throughAServer, throughAWire } from '../robustness/grounds.ts';
import { watchSearch } from '../robustness/watches/suite.ts';
import { withServer } from '../servers/provided.ts';
import { groundOn } from './stores.ts';

function searchOn(name: string, url: string): void {
  const ground = groundOn(url);
  watchSearch(name, ground, 3);
  watchSearch(`${name} through a wire`, throughAWire(ground), 2);
  watchSearch(`${name} through a server`, throughAServer(ground), 2);
}

withServer(inject('redis'), 'watches against the log', (url) => searchOn('redis', url));
withServer(inject('redisCluster'), 'watches against the log', (url) => {
  searchOn('redis cluster', url);
});
