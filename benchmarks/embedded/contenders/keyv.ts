import KeyvSqlite from '@keyv/sqlite';
import Keyv from 'keyv';
import type { Contender } from './contender.ts';

/**
 * Keyv lists a namespace, never a prefix, and a namespace belongs to an adapter: the listed group
 * has its own, on the same file.
 */
export async function openKeyv(folder: string): Promise<Contender> {
  const uri = `sqlite://${folder}/keyv.db`;
  const adapterOf = () =>
    new KeyvSqlite({ uri, wal: true, driver: 'node:sqlite', iterationLimit: 500 });
  const adapter = adapterOf();
  const keyv = new Keyv({ store: adapter });
  const listed = new Keyv({ store: adapterOf(), namespace: 'listed' });
  for (const one of [keyv, listed]) one.on('error', throwIt);
  const ask = async (pragma: string): Promise<string> => {
    const [row] = (await adapter.query(`PRAGMA ${pragma}`)) as Record<string, unknown>[];
    return String(Object.values(row ?? {})[0]);
  };
  const synchronous = (await ask('synchronous')) === '2' ? 'FULL' : 'not FULL';
  const apart = 'reads, then writes: what others write in between is lost';
  return {
    name: 'keyv',
    durability: `@keyv/sqlite on node:sqlite, ${await ask('journal_mode')}, synchronous=${synchronous}`,
    weaker: { counter: apart, transaction: apart },
    async set(key, value) {
      await keyv.set(key, value);
      if (key.startsWith('g000:')) await listed.set(key, value);
    },
    get: (key) => keyv.get(key),
    async list() {
      let count = 0;
      for await (const entry of listed.iterator()) if (entry !== undefined) count += 1;
      return count;
    },
    async increment() {
      await keyv.set('hot', ((await keyv.get<number>('hot')) ?? 0) + 1);
    },
    async transfer(from, to) {
      const [left, right] = await keyv.getMany<number>([from, to]);
      await keyv.setMany([
        { key: from, value: (left ?? 0) - 1 },
        { key: to, value: (right ?? 0) + 1 },
      ]);
    },
    async close() {
      await keyv.disconnect();
      await listed.disconnect();
    },
  };
}

function throwIt(error: unknown): never {
  throw error;
}
