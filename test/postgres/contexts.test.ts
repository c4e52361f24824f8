/** P14: an engine that is away is an error for a worker behind a server too, never a default. */
import { expect, inject, test } from 'vitest';
import { mintWorkerToken, openRequest } from '../../src/client/index.ts';
import { open } from '../../src/index.ts';
import { parseGrant, serve } from '../../src/server/index.ts';
import { PostgresServer } from '../servers/postgres.ts';
import { withServer } from '../servers/provided.ts';

withServer(inject('postgres'), 'contexts on Postgres', () => {
  test('an engine that is away is an error, never the default, over a server', async () => {
    await using postgres = await PostgresServer.start();
    await using store = await open(`${postgres.url()}?timeoutMs=1000`);
    const server = await serve(store, { port: 0, auth: 'tokens', processMetrics: false });
    const grants = [parseGrant('mine=read,write,watch')];
    const { token: parent } = await server.tokens.create({ name: 'parent', grants });
    const terms = { app: 'mine', request: 'r1', ttlMs: 60_000 };
    const token = await mintWorkerToken(parent, terms);
    {
      await using ctx = await openRequest(server.url, { token, timeoutMs: 3000 });
      await ctx.appState.set('k', 1);
      await postgres.server.kill('SIGKILL');
      const code: unknown = expect.stringMatching(/^(unavailable|timeout)$/);
      const away = { code };
      await expect(ctx.appState.get('k', 'default')).rejects.toMatchObject(away);
      await expect(ctx.state.get('k', 'default')).rejects.toMatchObject(away);
      await expect(ctx.state.has('k')).rejects.toMatchObject(away);
      const path = `${server.url}/v1/apps/mine/scopes/app/entries/k`;
      const { status } = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
      expect(status).toBeGreaterThanOrEqual(500);
      await postgres.server.restart();
      // It heals by itself; until then it is an error, and never the default.
      let found: unknown;
      do {
        found = await ctx.appState.get('k', 'default').catch((error: unknown) => {
          expect(error).toMatchObject(away);
        });
      } while (found === undefined);
      expect(found).toBe(1);
      expect(await ctx.state.get('k', 'default')).toBe('default');
    }
    await server.close();
  });
});
