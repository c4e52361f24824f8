/** `rediss://`: the same over TLS, with a server that somebody vouches for. */
import { expect, inject, test } from 'vitest';
import { open } from '../../src/index.ts';
import { RedisServer } from '../servers/redis.ts';
import { authorityFile } from '../servers/server.ts';
import { withServer } from '../servers/provided.ts';

withServer(inject('redis'), 'Redis over TLS', () => {
  test('holds a store, and hints arrive', async () => {
    await using redis = await RedisServer.start();
    const url = `rediss://127.0.0.1:${await redis.encrypt()}?ca=${authorityFile}`;
    await using store = await open(url);
    await using other = await open(url);
    const events = store.scope('s').watch()[Symbol.asyncIterator]();
    const first = events.next();
    await other.scope('s').set('k', { v: 'ü' });
    await first;
    await events.return?.();
    expect(await store.scope('s').get('k')).toEqual({ v: 'ü' });
    expect((await store.stats()).durability).toBe('disk');
  });

  test('is refused from a server that nobody vouches for, and without its authority', async () => {
    await using redis = await RedisServer.start();
    const port = await redis.encrypt();
    const refused = (url: string): Promise<string | undefined> =>
      open(url).then(
        () => 'opened',
        (error: unknown) => (error as { code?: string }).code,
      );
    // Each attempt fails twice, which the process has to outlive.
    const attempts = Array.from({ length: 8 }, () =>
      refused(`rediss://127.0.0.1:${port}?timeoutMs=500`),
    );
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['unavailable']));
    expect(await refused(`rediss://127.0.0.1:${port}?ca=/nowhere.pem`)).toBe('invalid_argument');
    expect(await refused(`redis://127.0.0.1:${port}?ca=${authorityFile}`)).toBe('invalid_argument');
    expect(await refused(`redis://127.0.0.1:${port}?timeoutMs=500`)).toBe('unavailable');
  });
});
