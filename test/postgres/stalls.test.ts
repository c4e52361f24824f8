/** A client that stalls while it holds a ledger does not freeze the others. */
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { open as openStore } from '../../src/index.ts';
import { withServer } from '../servers/provided.ts';
import { outliveStoppedClient } from './stopped-client.ts';
import { storeUrl } from './stores.ts';

withServer(inject('postgres'), 'stalled clients', (server) => {
  test('a process that is stopped within a commit loses its hold, and goes on later', () =>
    outliveStoppedClient(storeUrl(server, { stallMs: '300' })));

  /** Holds the lock of a ledger as the engine does, without the server's own limit on idling. */
  async function holding(url: string): Promise<Client> {
    const schema = new URL(url).searchParams.get('schema') ?? '';
    const client = new Client({ connectionString: server, application_name: `holdfast:${schema}` });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('BEGIN');
    await client.query(`SELECT FROM ${schema}.ledger WHERE name = 'app' FOR NO KEY UPDATE`);
    return client;
  }

  test('whoever stalls in the midst of a flight, unseen by the server, is ended', async () => {
    const url = storeUrl(server, { stallMs: '300' });
    await using store = await openStore(url);
    await store.app('app').scope('s').set('k', 1);
    const client = await holding(url);
    // The beginning of a message, whose end does not come: to the server, the client is at work.
    client.connection.stream.write(Buffer.from([0x51, 0, 0, 0, 100, 0x53]));
    await store.app('app').scope('s').set('k', 2);
    expect(await store.app('app').scope('s').get('k')).toBe(2);
    await client.end().catch(() => undefined);
  });

  test('a reader that waits to see whether the dead stay dead is not frozen either', async () => {
    const url = storeUrl(server, { stallMs: '300' });
    await using store = await openStore(url, { sweepMs: 0 });
    await store.app('app').scope('s').set('k', 1, { ttlMs: 1 });
    const client = await holding(url);
    const look = () => store.app('app').scope('s').get('k');
    await expect.poll(look, { timeout: 60_000 }).toBe(undefined);
    await client.end().catch(() => undefined);
  });

  test('transactions of others in the same database are let be', async () => {
    const url = storeUrl(server, { stallMs: '100' });
    await using store = await openStore(url, { busyTimeoutMs: 300 });
    await store.app('app').scope('s').set('k', 1);
    const client = await holding(url);
    await client.query(`SET application_name = 'report'`);
    await expect(store.app('app').scope('s').set('k', 2)).rejects.toMatchObject({
      code: 'busy',
      outcome: 'not-applied',
    });
    await client.query('COMMIT');
    await store.app('app').scope('s').set('k', 3);
    await client.end();
  });
});
