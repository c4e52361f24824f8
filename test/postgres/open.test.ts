/** What `open` makes, finds and refuses. */
import { describe, expect, inject, test } from 'vitest';
import { open as openStore } from '../../src/index.ts';
import { testRole, PostgresServer, sql } from '../servers/postgres.ts';
import { withServer } from '../servers/provided.ts';
import { newSchema, open, storeUrl } from './stores.ts';

withServer(inject('postgres'), 'opening a store in Postgres', (server) => {
  const schemaOf = (url: string) => new URL(url).searchParams.get('schema') ?? '';

  test('many processes may make the same new store at once', async () => {
    const url = storeUrl(server);
    const engines = await Promise.all(Array.from({ length: 8 }, () => open(url)));
    for (const engine of engines) {
      expect(await engine.ledgers()).toEqual([]);
      await engine.close();
    }
  });

  test('schema and poolSize are options of open, and stats tell them', async () => {
    const schema = newSchema();
    await using store = await openStore(server, { schema, poolSize: 3, durability: 'disk' });
    await store.scope('s').set('a', { n: 1 });
    expect(await store.stats()).toMatchObject({
      scheme: 'postgres',
      durability: 'disk',
      facts: { schema, poolSize: 3, fsync: 'on', synchronousCommit: 'on' },
    });
    const rows = await sql(server, `SELECT ledger, scope, key, content FROM ${schema}.entry`);
    expect(rows).toEqual([{ ledger: 'default', scope: 's', key: 'a', content: '{"n":1}' }]);
  });

  test('poolSize connections serve many apps at once', async () => {
    await using store = await openStore(storeUrl(server, { poolSize: '2' }));
    const names = Array.from({ length: 60 }, (_, index) => `app-${index}`);
    await Promise.all(names.map((name) => store.app(name).scope('s').set('k', name)));
    const values = await Promise.all(names.map((name) => store.app(name).scope('s').get('k')));
    expect(values).toEqual(names);
  });

  test('a store of a newer layout is refused, even while open, and left as it is', async () => {
    const url = storeUrl(server);
    const engine = await openStore(url);
    await engine.scope('s').set('a', 1);
    await sql(server, `UPDATE ${schemaOf(url)}.store SET version = 9, oldest = 9`);
    await expect(open(url)).rejects.toMatchObject({ code: 'store_newer', details: { version: 9 } });
    await expect(engine.scope('s').set('a', 2)).rejects.toMatchObject({ code: 'store_newer' });
    expect(await engine.scope('s').get('a')).toBe(1);
    await engine.close();
  });

  test('a newer layout that still admits this version is used side by side', async () => {
    const url = storeUrl(server);
    await (await open(url)).close();
    await sql(server, `UPDATE ${schemaOf(url)}.store SET version = 9, oldest = 1`);
    await using store = await openStore(url);
    await store.scope('s').set('a', 1);
    expect(await sql(server, `SELECT version FROM ${schemaOf(url)}.store`)).toEqual([
      { version: 9 },
    ]);
  });

  test('a schema with tables of others is left as it is', async () => {
    const schema = newSchema();
    await sql(server, `CREATE SCHEMA ${schema}`);
    await sql(server, `CREATE TABLE ${schema}.entry (mine int)`);
    await expect(open(storeUrl(server, { schema }))).rejects.toMatchObject({
      code: 'store_foreign',
    });
    const tables = await sql(server, `SELECT tablename FROM pg_tables WHERE schemaname = $1`, [
      schema,
    ]);
    expect(tables).toEqual([{ tablename: 'entry' }]);
  });

  test('nothing is made where a store must exist', async () => {
    const url = storeUrl(server);
    for (const options of [{ mustExist: true }, { readOnly: true }]) {
      await expect(open(url, options)).rejects.toMatchObject({ code: 'store_missing' });
    }
    const found = await sql(server, 'SELECT FROM pg_namespace WHERE nspname = $1', [schemaOf(url)]);
    expect(found).toEqual([]);
  });

  test('a store that is opened for reading reads, and refuses to write', async () => {
    const url = storeUrl(server);
    await using store = await openStore(url);
    await store.scope('s').set('a', 1);
    await using reader = await openStore(url, { readOnly: true });
    expect(await reader.scope('s').get('a')).toBe(1);
    await expect(reader.scope('s').set('a', 2)).rejects.toMatchObject({ code: 'store_read_only' });
  });

  const wrongUrls: readonly (readonly [string, string])[] = [
    ['postgres://h/d?schema=no-dash', 'invalid_argument'],
    ['postgres://h/d?schema=pg_toast', 'invalid_argument'],
    ['postgres://h/d?poolSize=0', 'invalid_argument'],
    ['postgres://h/d?poolSize=many', 'invalid_argument'],
    ['postgres://h/d?timeoutMs=5', 'invalid_argument'],
    ['postgres://127.0.0.1:1/d', 'unavailable'],
  ];
  test.each(wrongUrls)('%s is refused: %s', async (url, code) => {
    await expect(open(url)).rejects.toMatchObject({ code, outcome: 'not-applied' });
  });

  test('a password in the URL is told to nobody', async () => {
    const url = new URL(storeUrl(server));
    url.password = 'secret';
    await using store = await openStore(url.href);
    expect(JSON.stringify([store.url, await store.stats()])).not.toContain('secret');
  });

  test('a database that is missing is said to be, without the password', async () => {
    const url = new URL(server);
    url.pathname = '/nowhere';
    url.password = 'secret';
    const error = await open(url.href).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'store_missing' });
    expect(String(error)).not.toContain('secret');
  });
});

withServer(inject('postgres'), 'servers that cannot hold a store', () => {
  describe('a server of its own', () => {
    test('durability is what the settings give, and off is not taken for sync', async () => {
      await using postgres = await PostgresServer.start({
        settings: { fsync: 'off', synchronous_commit: 'off' },
      });
      await using store = await openStore(postgres.url());
      await store.scope('s').set('a', 1);
      expect(await store.stats()).toMatchObject({
        durability: 'process',
        facts: { fsync: 'off', synchronousCommit: 'on' },
      });
      await expect(openStore(postgres.url(), { durability: 'disk' })).rejects.toMatchObject({
        code: 'durability_unavailable',
      });
      await sql(
        postgres.adminUrl(),
        `ALTER ROLE ${testRole} SET default_transaction_read_only = on`,
      );
      await expect(openStore(postgres.url())).rejects.toMatchObject({ code: 'store_read_only' });
    });
  });
});
