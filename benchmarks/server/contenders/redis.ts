/** ioredis on a Redis that syncs its log before each answer. Calls of one turn share a write. */
import { Redis } from 'ioredis';
import { OwnServer } from './contender.ts';
import type { Contender } from './contender.ts';

export async function redis(): Promise<Contender> {
  const server = await OwnServer.start('redis-server', (port, folder) => [
    '--port',
    String(port),
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ]);
  const { port } = server;
  const probe = new Redis({ port, retryStrategy: () => 50, maxRetriesPerRequest: null });
  await probe.ping();
  await probe.quit();
  return {
    name: 'ioredis → Redis, appendfsync always',
    async connect() {
      const client = new Redis({ port, enableAutoPipelining: true });
      await client.ping();
      return {
        get: async (key) => JSON.parse((await client.get(key)) ?? 'null') as unknown,
        set: (key, value) => client.set(key, JSON.stringify(value)),
        close: () => client.quit(),
      };
    },
    serverCpu: () => server.cpu(),
    close: () => server.stop(),
  };
}
