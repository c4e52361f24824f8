/** The contract of an engine through a pooler that lends a connection for a transaction only. */
import { afterAll, inject, test } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { engineContract } from '../../src/testing/index.ts';
import { missing, withServer } from '../servers/provided.ts';
import { hasPgBouncer, startPgBouncer } from '../servers/pgbouncer.ts';
import { outliveStoppedClient } from './stopped-client.ts';
import { open, storeUrl } from './stores.ts';

const reason = 'PgBouncer is not installed (Debian: apt-get install pgbouncer)';
const provided = hasPgBouncer() ? inject('postgres') : missing(reason);

withServer(provided, 'through a pooler', (server) => {
  const pooler = startPgBouncer(server);
  afterAll(async () => (await pooler)[Symbol.asyncDispose]());
  const urls = new WeakMap<Engine, string>();
  const openAt = async (at: string, options?: Partial<EngineOptions>): Promise<Engine> => {
    const engine = await open(at, options);
    urls.set(engine, at);
    return engine;
  };
  engineContract('postgres, through a pooler', {
    open: async (options) => openAt(storeUrl((await pooler).url), options),
    reopen: (engine, options) => openAt(urls.get(engine) ?? '', options),
    supports: {
      shared: true,
      persistent: true,
      injectedClock: true,
      hints: true,
      grouped: false,
      noticesLoss: true,
      faults: false,
    },
  });

  test('a process that is stopped within a commit loses its hold', async () => {
    await outliveStoppedClient(storeUrl((await pooler).url, { stallMs: '300' }));
  });
});
