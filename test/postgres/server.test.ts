/** The frame of this folder: a private server that keeps what it acknowledged, and goes away. */
import { existsSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import { PostgresServer, sql } from '../servers/postgres.ts';
import { withServer } from '../servers/provided.ts';

withServer(inject('postgres'), 'a private Postgres', (url) => {
  test('the server of the run answers, durable and without privileges', async () => {
    const [row] = await sql(
      url,
      `SELECT current_setting('fsync') AS fsync, rolsuper AS super
       FROM pg_roles WHERE rolname = current_user`,
    );
    expect(row).toEqual({ fsync: 'on', super: false });
  });

  test('a server of a test survives its death and leaves nothing behind', async () => {
    let pid = 0;
    {
      await using postgres = await PostgresServer.start();
      await sql(postgres.url(), 'CREATE TABLE kept AS SELECT 7 AS n');
      await postgres.server.kill();
      await postgres.server.restart();
      expect(await sql(postgres.url(), 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
      ({ pid } = postgres.server);
    }
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});
