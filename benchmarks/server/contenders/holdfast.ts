/** This server on a SQLite file, with this client: a set is a commit that is synced. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from '../../../src/index.ts';
import type { Contender } from './contender.ts';

export async function holdfast(): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const child = fork(join(import.meta.dirname, '../children/serve.ts'), [
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
