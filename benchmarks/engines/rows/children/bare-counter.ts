/** A counter by hand: read it, write it back if nobody was faster. */
import { Redis } from 'ioredis';
import { Client } from 'pg';

export interface BareCounter {
  /** Whether nobody was faster. */
  tryIncrement(): Promise<boolean>;
  close(): Promise<void>;
}

export function openCounter(url: string): Promise<BareCounter> {
  return url.startsWith('redis:') ? inRedis(url) : inPostgres(url);
}

async function inPostgres(url: string): Promise<BareCounter> {
  const client = new Client({ connectionString: url, pipeline: true });
  await client.connect();
  await client
    .query(`CREATE TABLE IF NOT EXISTS bare.counter (one int PRIMARY KEY, n bigint)`)
    .catch(() => undefined);
  await client.query('INSERT INTO bare.counter VALUES (1, 0) ON CONFLICT DO NOTHING');
  return {
    async tryIncrement() {
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
      return rowCount === 1;
    },
    close: () => client.end(),
  };
}

const compareAndSet = `
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`;

async function inRedis(url: string): Promise<BareCounter> {
  const client = new Redis(url);
  const hash = (await client.script('LOAD', compareAndSet)) as string;
  return {
    async tryIncrement() {
      const n = Number((await client.get('bare-counter')) ?? 0);
      return (await client.evalsha(hash, 1, 'bare-counter', n, n + 1)) === 1;
    },
    async close() {
      await client.quit();
    },
  };
}
