/** `etcd3` (gRPC) on one etcd, which syncs its log before each answer. */
import { join } from 'node:path';
import { OwnServer, peerModule, whenUp } from './contender.ts';
import type { Contender } from './contender.ts';

interface Client {
  get(key: string): { string(): Promise<string | null> };
  put(key: string): { value(value: string): { exec(): Promise<unknown> } };
  close(): void;
}

interface Library {
  readonly Etcd3: new (options: { readonly hosts: string }) => Client;
}

export async function etcd(): Promise<Contender> {
  const { Etcd3 } = (await peerModule<{ default: Library }>('etcd3/lib/index.js')).default;
  const server = await OwnServer.start('etcd', (port, folder) => {
    const clients = `http://127.0.0.1:${port}`;
    const peers = `http://127.0.0.1:${port + 10_000}`;
    return [
      '--data-dir',
      join(folder, 'data'),
      '--log-level',
      'error',
      '--listen-client-urls',
      clients,
      '--advertise-client-urls',
      clients,
      '--listen-peer-urls',
      peers,
      '--initial-advertise-peer-urls',
      peers,
      '--initial-cluster',
      `default=${peers}`,
    ];
  });
  const open = () => new Etcd3({ hosts: `http://127.0.0.1:${server.port}` });
  const probe = open();
  await whenUp(() => probe.get('probe').string());
  probe.close();
  return {
    name: 'etcd3 → etcd',
    async connect() {
      const client = open();
      return {
        get: async (key) => JSON.parse((await client.get(key).string()) ?? 'null') as unknown,
        set: (key, value) => client.put(key).value(JSON.stringify(value)).exec(),
        close: () => Promise.resolve(client.close()),
      };
    },
    serverCpu: () => server.cpu(),
    close: () => server.stop(),
  };
}
