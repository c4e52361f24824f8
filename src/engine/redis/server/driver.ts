/** The optional driver, and how its connections are made. */
import { readFileSync } from 'node:fs';
import type {
  AbstractConnector,
  Cluster,
  ClusterOptions,
  Command,
  Redis,
  RedisOptions,
} from 'ioredis';
import { HoldfastError } from '../../../errors/index.ts';
import type { Address } from './address.ts';
import { connectorClass } from './connector.ts';

export interface Driver {
  readonly Redis: typeof Redis;
  readonly Cluster: typeof Cluster;
  readonly Command: typeof Command;
  readonly AbstractConnector: typeof AbstractConnector;
}

/** The longest pause between two attempts to connect. */
const reconnectMs = 250;

/** Loads the optional driver. */
export async function loadDriver(): Promise<Driver> {
  try {
    return await import('ioredis');
  } catch (cause) {
    const message = "stores in Redis need the package 'ioredis': npm install ioredis";
    throw new HoldfastError('unsupported', message, { details: { package: 'ioredis' }, cause });
  }
}

/**
 * What every connection to an address is opened by. Throws `invalid_argument` for authorities that
 * cannot be read.
 */
export function wayTo(driver: Driver, address: Address): RedisOptions {
  const { isEncrypted, ca, username, password } = address;
  return {
    Connector: connectorClass(driver),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isEncrypted ? { tls: ca === undefined ? {} : { ca: authoritiesIn(ca) } } : {}),
  };
}

function authoritiesIn(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const message = `the authorities in '${file}' (ca=…) cannot be read`;
    throw new HoldfastError('invalid_argument', message, { details: { file }, cause });
  }
}

export function clientOf(driver: Driver, address: Address, timeoutMs: number): Redis | Cluster {
  const { nodes, isCluster, database } = address;
  const shared: RedisOptions = {
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    keepAlive: 10_000,
    noDelay: true,
    autoResubscribe: false,
    // A primary that became a replica: look for the primary anew, and send nothing twice.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...wayTo(driver, address),
  };
  const pause = (attempt: number) => Math.min(attempt * 10, reconnectMs);
  if (!isCluster) {
    const [{ host, port }] = nodes;
    return new driver.Redis({ ...shared, host, port, db: database, retryStrategy: pause });
  }
  const { enableOfflineQueue: _, ...redisOptions } = shared;
  const options: ClusterOptions = {
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
    clusterRetryStrategy: pause,
    clusterNodeRetryStrategy: pause,
    slotsRefreshTimeout: timeoutMs,
    redisOptions,
  };
  return new driver.Cluster(
    nodes.map(({ host, port }) => ({ host, port })),
    options,
  );
}
