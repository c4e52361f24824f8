/** `sslmode` in the URL: the same over TLS, with a server that somebody vouches for. */
import { expect, inject, test } from 'vitest';
import { open } from '../../src/index.ts';
import { PostgresServer, sql } from '../servers/postgres.ts';
import { authorityFile } from '../servers/server.ts';
import { withServer } from '../servers/provided.ts';

withServer(inject('postgres'), 'Postgres over TLS', () => {
  test('holds a store, every connection of it encrypted', async () => {
    await using postgres = await PostgresServer.start();
    await postgres.encrypt();
    const tls = `sslmode=verify-full&sslrootcert=${authorityFile}`;
    await using store = await open(`${postgres.url()}?${tls}`);
    const events = store.scope('s').watch()[Symbol.asyncIterator]();
    const first = events.next();
    await store.scope('s').set('k', { v: 'ü' });
    await first;
    expect(await store.scope('s').get('k')).toEqual({ v: 'ü' });
    const rows = await sql(
      postgres.adminUrl(),
      `SELECT s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid)
       WHERE a.application_name LIKE 'holdfast:%'`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(2);
    expect(rows.filter(({ ssl }) => ssl !== true)).toEqual([]);
    await events.return?.();
  });

  test('is refused from a server that nobody vouches for, or that does not encrypt', async () => {
    await using postgres = await PostgresServer.start();
    const refused = (query: string) =>
      open(`${postgres.url()}?${query}`).then(
        () => 'opened',
        (error: unknown) => (error as { code?: string }).code,
      );
    const tls = `sslmode=verify-full&sslrootcert=${authorityFile}`;
    expect(await refused(tls)).toBe('unavailable');
    await postgres.encrypt();
    expect(await refused('sslmode=verify-full')).toBe('unavailable');
  });
});
