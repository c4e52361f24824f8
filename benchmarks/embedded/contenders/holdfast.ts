import { open } from '../../../src/index.ts';
import type { Contender } from './contender.ts';

export async function openHoldfast(folder: string): Promise<Contender> {
  const store = await open(`file:${folder}/holdfast.db`);
  const app = store.app('bench');
  const facts = app.scope('facts');
  const counters = app.scope<number>('counters');
  const accounts = app.scope<number>('accounts');
  const { durability } = await store.stats();
  return {
    name: 'holdfast',
    durability: `node:sqlite, WAL, synchronous=FULL (${durability})`,
    set: (key, value) => facts.set(key, value),
    get: (key) => facts.get(key),
    async list(group) {
      let count = 0;
      for await (const { value } of facts.entries({ prefix: group })) {
        if (value !== undefined) count += 1;
      }
      return count;
    },
    increment: () => counters.update('hot', [{ op: 'increment' }]),
    transfer: (from, to) =>
      app.transact(async (tx) => {
        const balances = tx.scope(accounts);
        const [left, right] = await Promise.all([balances.get(from, 0), balances.get(to, 0)]);
        await balances.set(from, left - 1);
        await balances.set(to, right + 1);
      }),
    close: () => store.close(),
  };
}
