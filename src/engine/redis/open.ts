/**
 * Opens a store in Redis (`server/address.ts` has the URLs).
 *
 * A server that may evict entries, a replica, or one that is too old is refused, with the reason.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { EngineOptions } from '../registry.ts';
import { textOf } from './encoding.ts';
import { Keyspace, formatVersion } from './keyspace.ts';
import { RedisEngine } from './redis-engine.ts';
import { addressOf } from './server/address.ts';
import { Connection } from './server/connection.ts';
import { factsOf, requireFit } from './server/facts.ts';

export async function openRedisEngine(url: string, options: EngineOptions): Promise<RedisEngine> {
  const address = addressOf(url);
  const connection = await Connection.open(address, options.busyTimeoutMs);
  try {
    const servers = await factsOf(connection);
    requireFit(servers, connection.where);
    const keyspace = new Keyspace(address.prefix);
    await identify(connection, keyspace, options);
    return new RedisEngine(connection, keyspace, options, servers);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Finds the store, or begins it. Several processes may do so at once. */
async function identify(
  connection: Connection,
  { store, prefix }: Keyspace,
  { mustExist, readOnly }: EngineOptions,
): Promise<void> {
  const type = textOf(await connection.call('TYPE', store));
  const details = { server: connection.where, prefix };
  if (type === 'none' && (mustExist || readOnly)) {
    const message = `there is no store with prefix '${prefix}' at ${connection.where}`;
    throw new HoldfastError('store_missing', message, { details });
  }
  if (type !== 'none' && type !== 'hash') {
    const message = `'${store}' at ${connection.where} is somebody else's; take another prefix`;
    throw new HoldfastError('store_foreign', message, { details });
  }
  if (type === 'none') await connection.call('HSETNX', store, 'format', formatVersion);
  const format = textOf(await connection.call('HGET', store, 'format'));
  if (format === '') {
    const message = `'${store}' at ${connection.where} is somebody else's; take another prefix`;
    throw new HoldfastError('store_foreign', message, { details });
  }
  if (Number(format) > formatVersion) {
    const message = `the store at ${connection.where} has format ${format}; this version of Holdfast knows ${formatVersion}`;
    throw new HoldfastError('store_newer', message, { details: { ...details, format } });
  }
}
