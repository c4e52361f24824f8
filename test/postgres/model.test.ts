/** The reference and the judge of histories. */
import { inject } from 'vitest';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import { historySuite } from '../model/history/history-suite.ts';
import { modelSuite } from '../model/model-suite.ts';
import { withServer } from '../servers/provided.ts';
import { storeUrl } from './stores.ts';

withServer(inject('postgres'), 'postgres', (server) => {
  modelSuite(
    'postgres',
    (_number, options) => {
      const url = storeUrl(server);
      return () => openPostgresEngine(url, { ...options, busyTimeoutMs: 5000 });
    },
    10,
  );
  const urls = new Map<string, string>();
  historySuite(
    'postgres',
    (store, options) => {
      const url = urls.get(store) ?? storeUrl(server);
      urls.set(store, url);
      return openPostgresEngine(url, options);
    },
    3,
  );
});
