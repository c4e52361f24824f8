/**
 * Writes to the store at a URL until it is killed: `writer.ts URL NAME`. It prints a line of JSON
 * for each answer, a failure too, before it asks again.
 */
import { writeSync } from 'node:fs';
import { isHoldfastError, open } from '../../src/index.ts';
import { scope } from './account.ts';

const lanes = 4;
const [, , url = '', name = ''] = process.argv;
const store = await open(url);
const { ledger } = store.app('app');
let count = 0;

function tell(line: unknown): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

async function lane(): Promise<void> {
  for (;;) {
    count += 1;
    const actor = `${name}:${count}`;
    const operations = [{ op: 'increment' }] as const;
    const mutations = ['all', name].map((key) => ({
      kind: 'update' as const,
      scope,
      key,
      operations,
    }));
    try {
      const answer = await ledger.commit({ actor, mutations });
      if (answer.kind !== 'committed') throw new Error(answer.kind);
      tell({ actor, ...answer.position });
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      tell({ actor, code: error.code, outcome: error.outcome });
    }
  }
}

await Promise.all(Array.from({ length: lanes }, lane));
