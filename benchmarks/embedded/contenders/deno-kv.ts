import { openKv } from '@deno/kv';
import type { Contender } from './contender.ts';

interface KvEntry {
  readonly value: unknown;
}

export async function openDenoKv(folder: string): Promise<Contender> {
  const kv = await openKv(`${folder}/deno.db`);
  return {
    name: '@deno/kv',
    durability: 'SQLite in Rust, WAL; synchronous is SQLite’s default, FULL, and cannot be set',
    set: (key, value) => kv.set(pathOf(key), value),
    async get(key) {
      return (await kv.get(pathOf(key))).value;
    },
    async list(group) {
      let count = 0;
      const entries = kv.list({ prefix: ['facts', group] }, { batchSize: 500 });
      for await (const { value } of entries as AsyncIterable<KvEntry>) {
        if (value !== undefined) count += 1;
      }
      return count;
    },
    increment: () => kv.atomic().sum(['counters', 'hot'], 1n).commit(),
    async transfer(from, to) {
      for (;;) {
        const [left, right] = await kv.getMany<[number, number]>([
          ['accounts', from],
          ['accounts', to],
        ]);
        const outcome = await kv
          .atomic()
          .check(left)
          .check(right)
          .set(left.key, (left.value ?? 0) - 1)
          .set(right.key, (right.value ?? 0) + 1)
          .commit();
        if (outcome.ok) return;
      }
    },
    async close() {
      kv.close();
    },
  };
}

/** As its users nest keys: the group is a part of its own. */
function pathOf(key: string): string[] {
  const [group = '', rest = ''] = key.split(':');
  return ['facts', group, rest];
}
