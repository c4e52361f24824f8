/** A plain client of a Redis database: for reading what other programs keep there. */
import type { Redis } from 'ioredis';
import { HoldfastError } from '../../../errors/index.ts';
import { addressOf } from './address.ts';
import { loadDriver, wayTo } from './driver.ts';
import { explain } from './errors.ts';

const timeoutMs = 10_000;

/** Throws `invalid_argument` for a URL that names no single server, `unavailable` if it is away. */
export async function connectPlain(url: string): Promise<Redis> {
  const address = addressOf(url);
  if (address.isCluster) {
    const message = 'keys are read from one server at a time: name each primary of a cluster';
    throw new HoldfastError('invalid_argument', message, { details: { url: address.shown } });
  }
  const driver = await loadDriver();
  const [{ host, port }] = address.nodes;
  const client = new driver.Redis({
    ...wayTo(driver, address),
    host,
    port,
    db: address.database,
    lazyConnect: true,
    connectTimeout: timeoutMs,
    maxRetriesPerRequest: 3,
    retryStrategy: (attempt) => (attempt > 5 ? null : attempt * 100),
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.disconnect();
    throw explain(error, address.shown);
  }
}
