/**
 * Raises one counter with 256 callers for as long as it is told, and tells how often it did:
 * through Holdfast, or by reading and writing back if nobody was faster.
 */
import { Client } from 'pg';
import { open } from '../../../../src/index.ts';
import { together } from '../../../measure.ts';

const callers = 256;
const [, , url = ''] = process.argv;

const store = await open(url);
const scope = store.app('counters').scope<number>('s');
const client = new Client({ connectionString: url, pipeline: true });
await client.connect();
await client
  .query(`CREATE TABLE IF NOT EXISTS bare.counter (one int PRIMARY KEY, n bigint)`)
  .catch(() => undefined);
await client.query('INSERT INTO bare.counter VALUES (1, 0) ON CONFLICT DO NOTHING');

async function increment(): Promise<void> {
  await scope.update('hot', [{ op: 'increment' }]);
}

/** Returns whether it got through before the time was up. */
async function compareAndSet(deadline: number): Promise<boolean> {
  while (performance.now() < deadline) {
    const { rows } = await client.query<{ n: string }>({
      name: 'look',
      text: 'SELECT n FROM bare.counter WHERE one = 1',
    });
    const n = Number(rows[0]?.n);
    const { rowCount } = await client.query({
      name: 'set',
      text: 'UPDATE bare.counter SET n = $1 WHERE one = 1 AND n = $2',
      values: [n + 1, n],
    });
    if (rowCount === 1) return true;
  }
  return false;
}

process.on('message', ({ kind, seconds }: { kind: string; seconds: number }) => {
  const deadline = performance.now() + seconds * 1000;
  let vain = 0;
  const work =
    kind === 'ours'
      ? increment
      : async () => {
          if (!(await compareAndSet(deadline))) vain += 1;
        };
  void together(callers, seconds, work).then((count) => process.send?.(count - vain));
});
process.on('disconnect', () => {
  void store.close().then(() => client.end());
});
process.send?.('ready');
