/** What is measured: this server with its client, and Redis with ioredis, on durable stores. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { open } from '../../src/client/index.ts';

export interface Connection {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface Contender {
  readonly name: string;
  connect(): Promise<Connection>;
  /** Microseconds of CPU that the server has used. */
  serverCpu(): Promise<number>;
  close(): Promise<void>;
}

export async function holdfast(): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const child = fork(join(import.meta.dirname, 'children/serve.ts'), [
    `file:${join(folder, 'store.db')}`,
  ]);
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return {
    name: 'holdfast',
    async connect() {
      const store = await open(url);
      const scope = store.app('bench').scope('s');
      return {
        get: (key) => scope.get(key),
        set: (key, value) => scope.set(key, value),
        close: () => store.close(),
      };
    },
    async serverCpu() {
      child.send('cpu');
      const [{ cpu }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage }];
      return cpu.user + cpu.system;
    },
    async close() {
      child.disconnect();
      await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Ticks of a process's CPU time, of which Linux has a hundred to the second. */
const tickMicros = 10_000;

export async function redis(): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-redis-'));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const args = ['--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'yes'];
  const child = spawn('redis-server', [...args, '--appendfsync', 'always'], { stdio: 'ignore' });
  const probe = new Redis({ port, retryStrategy: () => 50, maxRetriesPerRequest: null });
  await probe.ping();
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
    async serverCpu() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ');
      await sleep(0);
      return (Number(fields?.[11]) + Number(fields?.[12])) * tickMicros;
    },
    async close() {
      await probe.quit();
      child.kill();
      await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
