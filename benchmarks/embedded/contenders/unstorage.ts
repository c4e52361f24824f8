import { execFileSync } from 'node:child_process';
import { createStorage } from 'unstorage';
import type { Driver, StorageValue } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';
import type { Contender } from './contender.ts';

export async function openUnstorage(folder: string): Promise<Contender> {
  const driver = fsDriver({ base: `${folder}/unstorage` }) as Driver;
  const storage = createStorage({ driver });
  const apart = 'reads, then writes: what others write in between is lost';
  return {
    name: 'unstorage',
    durability: 'not durable: a file per entry, never synced, not replaced atomically',
    weaker: { counter: apart, transaction: `${apart}; two files, one after the other` },
    set: (key, value) => storage.setItem(key, value as StorageValue),
    get: (key) => storage.getItem(key),
    async list(group) {
      const keys = await storage.getKeys(group);
      return (await storage.getItems(keys)).length;
    },
    async increment() {
      await storage.setItem('hot', ((await storage.getItem<number>('hot')) ?? 0) + 1);
    },
    async transfer(from, to) {
      const left = (await storage.getItem<number>(from)) ?? 0;
      const right = (await storage.getItem<number>(to)) ?? 0;
      await storage.setItem(from, left - 1);
      await storage.setItem(to, right + 1);
    },
    settle: () => execFileSync('sync'),
    close: () => storage.dispose(),
  };
}
