/** Copies between a file, a server and a cluster; and the keys of other programs. */
import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { open } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { CommandLine, ended, linesOf, start, temporaryFolder } from '../e2e/command.ts';
import { withServer } from '../servers/provided.ts';
import { RedisServer } from '../servers/redis.ts';
import { newStore } from './stores.ts';

async function copy(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, error } = await ended(start('src/cli/main.ts', ['copy', ...args]));
  if (code !== 0) throw new Error(error);
  return linesOf(out)[0] as Record<string, unknown>;
}

async function contents(store: Store, app: string): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for (const scope of ['s', 'bytes', 'large']) {
    for await (const { key, value } of store.app(app).scope(scope).entries()) {
      all[`${scope}/${key}`] = value;
    }
  }
  return all;
}

withServer(inject('redis'), 'copies with Redis', (redis) => {
  const cluster = inject('redisCluster');

  test('a store goes from a file to a server, to a cluster and back', async () => {
    if (cluster.kind !== 'running') throw new Error(cluster.reason);
    const folder = await temporaryFolder();
    const urls = [
      `file:${folder}/a.db`,
      newStore(redis),
      newStore(cluster.url),
      `file:${folder}/b.db`,
    ];
    const expected: Record<string, unknown> = {};
    {
      await using first = await open(urls[0]!);
      for (const app of ['one', 'two']) {
        const scope = first.app(app).scope('s');
        await scope.setMany(
          Array.from({ length: 500 }, (_, index) => [`k${index}`, { index }] as const),
        );
        await scope.set('\u{1f600}é', null);
        await first
          .app(app)
          .scope('bytes')
          .set('b', Uint8Array.of(0, 255, 10));
        await first.app(app).scope('large').set('l', 'x'.repeat(300_000));
        await first.app(app).scope('s').set('short', 1, { ttlMs: 3_600_000 });
        expected[app] = await contents(first, app);
      }
    }
    for (let hop = 1; hop < urls.length; hop += 1) {
      expect(await copy(urls[hop - 1]!, urls[hop]!)).toMatchObject({
        apps: { one: { entries: 504 }, two: { entries: 504 } },
      });
    }
    await using last = await open(urls[3]!);
    for (const app of ['one', 'two']) expect(await contents(last, app)).toEqual(expected[app]);
    const entry = await last.app('one').scope('s').entry('short');
    await using first = await open(urls[0]!);
    expect(entry?.expiresAt).toBe((await first.app('one').scope('s').entry('short'))?.expiresAt);
  });
});

test('the keys of other programs come with their types and times to live', async () => {
  const provided = inject('redis');
  if (provided.kind !== 'running') return;
  await using server = await RedisServer.start();
  const client = new Redis(server.port);
  const expiresAt = Date.now() + 3_600_000;
  await client.set('user:ada', '{"name":"Ada"}', 'PXAT', expiresAt);
  await client.set('user:count', '42');
  await client.set('plain', 'just text');
  await client.set('big', '12345678901234567890');
  await client.set('bin', Buffer.of(0xff, 0, 1));
  await client.hset('profile:1', { name: 'Ada', age: '36' });
  await client.rpush('queue:a', 'x', '{"y":1}');
  await client.sadd('tags', 'b', 'a');
  await client.zadd('board', 2, 'b', 1, 'a');
  await client.xadd('events', '1-0', 'kind', 'made');
  await using store = await open(server.url('/0?prefix=mine'));
  await store.scope('kept').set('own', 1);
  const cli = await CommandLine.inTemporaryFolder();
  const [counts] = await cli.lines('import', '--from', server.url());
  expect(counts).toMatchObject({ read: 10, written: 10 });
  const rows = (await cli.lines('export')).filter(({ scope }) => scope !== undefined);
  const found = Object.fromEntries(
    rows.map((row) => [`${String(row['scope'])}/${String(row['key'])}`, row]),
  );
  const base64 = Buffer.of(0xff, 0, 1).toString('base64');
  expect(found).toMatchObject({
    'user/ada': { value: { name: 'Ada' }, expiresAt },
    'user/count': { value: 42 },
    'redis/plain': { value: 'just text' },
    'redis/big': { value: '12345678901234567890' },
    'redis/bin': { base64 },
    'profile/1': { value: { name: 'Ada', age: 36 } },
    'queue/a': { value: ['x', { y: 1 }] },
    'redis/tags': { value: ['a', 'b'] },
    'redis/board': {
      value: [
        ['a', 1],
        ['b', 2],
      ],
    },
    'redis/events': { value: [{ id: '1-0', kind: 'made' }] },
  });
  expect(Object.keys(found)).toHaveLength(10);
  const [again] = await cli.lines('import', '--from', server.url());
  expect(again).toMatchObject({ written: 0, unchanged: 10 });
  client.disconnect();
});
