/**
 * Writes to the store at a URL until it is killed: `writer.ts URL NAME`. It prints a line of JSON
 * for each answer, before it asks again.
 */
import { writeSync } from 'node:fs';
import { open } from '../../src/index.ts';
import { scope } from './account.ts';

const lanes = 4;
const [, , url = '', name = ''] = process.argv;
const store = await open(url);
const { ledger } = store.app('app');
let count = 0;

async function lane(): Promise<void> {
  for (;;) {
    count += 1;
    const actor = `${name}:${count}`;
    const operations = [{ op: 'increment' }] as const;
    const answer = await ledger.commit({
      actor,
      mutations: ['all', name].map((key) => ({ kind: 'update', scope, key, operations })),
    });
    if (answer.kind !== 'committed') throw new Error(answer.kind);
    writeSync(1, `${JSON.stringify({ actor, ...answer.position })}\n`);
  }
}

await Promise.all(Array.from({ length: lanes }, lane));
