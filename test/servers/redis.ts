/**
 * Private Redis servers for tests: one alone, a primary with a replica, a cluster of primaries.
 *
 * R1. Durable as Redis can be, unless told otherwise: an append-only file, synced before a reply.
 * R2. No snapshots, and no memory of earlier runs.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort, Server, serverFolder, tlsFolder } from './server.ts';

export interface RedisOptions {
  /** Settings of the server, as in `redis.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

const durable = {
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  'repl-diskless-sync-delay': '0',
};

function program(): string {
  return process.env['HOLDFAST_REDIS_SERVER'] ?? 'redis-server';
}

export const whyNoRedis = 'Redis 7 is not installed (Debian: apt-get install redis-server)';

/** Whether there is a server of version 7 or newer. */
export function hasRedis(): boolean {
  const { stdout } = spawnSync(program(), ['--version'], { encoding: 'utf8' });
  return Number(/v=(\d+)/.exec(stdout ?? '')?.[1] ?? 0) >= 7;
}

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  /** Where its files are. */
  readonly folder: string;

  private constructor(port: number, server: Server, folder: string) {
    this.port = port;
    this.server = server;
    this.folder = folder;
  }

  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const folder = serverFolder('holdfast-redis-', ['redis']);
    const port = await freePort();
    const settings = {
      ...durable,
      bind: '127.0.0.1',
      port: `${port}`,
      dir: folder.path,
      'enable-debug-command': 'local',
      ...options.settings,
    };
    const server = await Server.start({
      name: 'Redis',
      command: program(),
      args: Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]),
      folder,
      stopSignal: 'SIGKILL',
      ready: () => answering(port),
    });
    return new RedisServer(port, server, folder.path);
  }

  url(query = ''): string {
    return `redis://127.0.0.1:${this.port}${query}`;
  }

  /** Listens for TLS as well, as a server that `authorityFile` vouches for. */
  async encrypt(): Promise<number> {
    const port = await freePort();
    const { uid, gid } = statSync(this.folder);
    const settings = { 'tls-cert-file': 'server.pem', 'tls-key-file': 'server.key' };
    for (const [setting, name] of Object.entries(settings)) {
      const path = join(this.folder, name);
      copyFileSync(join(tlsFolder, name), path);
      chownSync(path, uid, gid);
      await this.command('CONFIG', 'SET', setting, path);
    }
    await this.command('CONFIG', 'SET', 'tls-auth-clients', 'no', 'tls-port', `${port}`);
    return port;
  }

  /** One command beside the engine, to look or to break. */
  async command(...words: string[]): Promise<unknown> {
    return redis(this.port, ...words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

async function answering(port: number): Promise<void> {
  const reply = await redis(port, 'PING');
  if (reply !== 'PONG') throw new Error(`Redis answers ${String(reply)}`);
}

async function redis(port: number, ...words: string[]): Promise<unknown> {
  const client = new Redis({
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 2000,
    commandTimeout: 10_000,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const [name = '', ...rest] = words;
    return await client.call(name, ...rest);
  } finally {
    client.disconnect();
  }
}

/** A server and a replica of it, which is not promoted by itself. */
export class RedisPair implements AsyncDisposable {
  readonly primary: RedisServer;
  readonly replica: RedisServer;

  private constructor(primary: RedisServer, replica: RedisServer) {
    this.primary = primary;
    this.replica = replica;
  }

  static async start(options: RedisOptions = {}): Promise<RedisPair> {
    const primary = await RedisServer.start(options);
    const replicaof = `127.0.0.1 ${primary.port}`;
    const settings = { ...options.settings, replicaof };
    const pair = new RedisPair(primary, await RedisServer.start({ settings }));
    await pair.linked();
    return pair;
  }

  /** Resolves once the replica follows. */
  async linked(): Promise<void> {
    while (!/master_link_status:up/.test(String(await this.replica.command('INFO', 'replication'))))
      await sleep(20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.replica[Symbol.asyncDispose]();
    await this.primary[Symbol.asyncDispose]();
  }
}

const slots = 16_384;

/** Primaries that share the slots. */
export class RedisCluster implements AsyncDisposable {
  readonly nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  static async start(count = 3, options: RedisOptions = {}): Promise<RedisCluster> {
    const settings = {
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '2000',
      ...options.settings,
    };
    const nodes = await Promise.all(
      Array.from({ length: count }, () => RedisServer.start({ settings })),
    );
    const cluster = new RedisCluster(nodes);
    const share = Math.ceil(slots / count);
    const [first] = nodes;
    for (const [index, node] of nodes.entries()) {
      const [from, to] = [index * share, Math.min(slots, (index + 1) * share) - 1];
      await node.command('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`);
      await node.command('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`);
      if (node !== first) await node.command('CLUSTER', 'MEET', '127.0.0.1', `${first?.port}`);
    }
    for (const node of nodes) await whole(node, count);
    return cluster;
  }

  url(query = ''): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}${query}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}

/** Resolves once the node knows all the others and every slot. */
async function whole(node: RedisServer, count: number): Promise<void> {
  for (;;) {
    const info = String(await node.command('CLUSTER', 'INFO'));
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`)) return;
    await sleep(50);
  }
}
