/**
 * `@nats-io/kv` on a NATS server whose stream lies in files. It answers a put when it is written,
 * not when it is synced: the server syncs every two minutes, and this version cannot be told
 * otherwise. So its sets are not durable against a power cut; ours, Redis's and etcd's are.
 */
import { join } from 'node:path';
import { OwnServer, peerModule, whenUp } from './contender.ts';
import type { Contender } from './contender.ts';

interface Bucket {
  get(key: string): Promise<{ json(): unknown } | null>;
  put(key: string, value: string): Promise<number>;
}

interface Library {
  readonly Kvm: new (connection: unknown) => {
    create(name: string, options: object): Promise<Bucket>;
    open(name: string): Promise<Bucket>;
  };
}

interface Transport {
  connect(options: object): Promise<{ close(): Promise<void> }>;
}

export async function nats(): Promise<Contender> {
  const { Kvm } = await peerModule<Library>('@nats-io/kv/lib/mod.js');
  const { connect } = await peerModule<Transport>('@nats-io/transport-node/lib/mod.js');
  const server = await OwnServer.start('nats-server', (port, folder) => [
    '--addr',
    '127.0.0.1',
    '--port',
    String(port),
    '--jetstream',
    '--store_dir',
    join(folder, 'store'),
  ]);
  const open = () => connect({ servers: `127.0.0.1:${server.port}` });
  const first = await whenUp(open);
  await whenUp(() => new Kvm(first).create('bench', { storage: 'file', history: 1 }));
  await first.close();
  return {
    name: '@nats-io/kv → NATS, not synced',
    async connect() {
      const connection = await open();
      const bucket = await new Kvm(connection).open('bench');
      return {
        get: async (key) => (await bucket.get(key))?.json(),
        set: (key, value) => bucket.put(key, JSON.stringify(value)),
        close: () => connection.close(),
      };
    },
    serverCpu: () => server.cpu(),
    close: () => server.stop(),
  };
}
