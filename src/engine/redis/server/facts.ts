/**
 * What a server says of itself: whether a store may be on it, and what an acknowledgement is worth.
 *
 * Where `CONFIG GET` is not allowed (managed servers), what cannot be read counts as its weakest.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { EngineDurability } from '../../engine.ts';
import { listOf, textOf } from '../encoding.ts';
import type { Reply } from '../encoding.ts';
import type { Connection } from './connection.ts';

/** Scripts with `PUBLISH`, effects replication without being asked, MULTI-safe AOF tails. */
const versionMin = 7;

export interface ServerFacts {
  readonly version: string;
  readonly role: string;
  readonly maxmemory: number;
  readonly maxmemoryPolicy: string;
  readonly appendonly: boolean;
  /** `always`, `everysec`, `no`, or `unknown` where it cannot be read. */
  readonly appendfsync: string;
  /** Whether even `always` pauses while the file is rewritten. */
  readonly pausesSync: boolean;
  readonly replicas: number;
}

export async function factsOf(connection: Connection): Promise<ServerFacts[]> {
  const infos = await connection.callAll('INFO', 'all');
  const configs = await configsOf(connection);
  return infos.map((info, index) => {
    const fields = fieldsOf(textOf(info));
    const config = configs[index] ?? new Map<string, string>();
    const isOn = fields.get('aof_enabled') === '1';
    return {
      version: fields.get('redis_version') ?? '0',
      role: fields.get('role') ?? 'unknown',
      maxmemory: Number(fields.get('maxmemory') ?? 0),
      maxmemoryPolicy: fields.get('maxmemory_policy') ?? 'unknown',
      appendonly: isOn,
      appendfsync: config.get('appendfsync') ?? 'unknown',
      pausesSync: config.get('no-appendfsync-on-rewrite') !== 'no',
      replicas: Number(fields.get('connected_slaves') ?? 0),
    };
  });
}

async function configsOf(connection: Connection): Promise<Map<string, string>[]> {
  try {
    const replies = await connection.callAll('CONFIG', 'GET', '*append*');
    return replies.map(pairsOf);
  } catch {
    return [];
  }
}

function pairsOf(reply: Reply): Map<string, string> {
  const texts = listOf(reply).map(textOf);
  const pairs = new Map<string, string>();
  for (let index = 0; index + 1 < texts.length; index += 2) {
    pairs.set(texts[index] ?? '', texts[index + 1] ?? '');
  }
  return pairs;
}

function fieldsOf(info: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** Throws what keeps a store from being on such servers. */
export function requireFit(servers: readonly ServerFacts[], where: string): void {
  for (const { version, role, maxmemory, maxmemoryPolicy } of servers) {
    if (Number.parseInt(version, 10) < versionMin) {
      throw unfit(where, `runs Redis ${version}; ${versionMin}.0 is needed`, { version });
    }
    if (role !== 'master') {
      throw unfit(where, `is a ${role === 'slave' ? 'replica' : role}; name its primary`, { role });
    }
    if (maxmemory > 0 && maxmemoryPolicy !== 'noeviction') {
      const what =
        `may throw entries away when its memory is full (maxmemory-policy ${maxmemoryPolicy}); ` +
        'set maxmemory-policy noeviction';
      throw unfit(where, what, { maxmemory, maxmemoryPolicy });
    }
  }
}

function unfit(
  where: string,
  what: string,
  details: Readonly<Record<string, unknown>>,
): HoldfastError {
  return new HoldfastError('unsupported', `${where} ${what}`, { details });
}

/** The weakest of the servers decides. */
export function durabilityOf(servers: readonly ServerFacts[], wait: number): EngineDurability {
  if (servers.length === 0 || servers.some(({ appendonly }) => !appendonly)) return 'none';
  const isSynced = servers.every(
    ({ appendfsync, pausesSync }) => appendfsync === 'always' && !pausesSync,
  );
  if (!isSynced) return 'process';
  return wait > 0 ? 'replicated' : 'disk';
}

/** In words, for `stats`: what an acknowledged commit survives. */
export function promiseOf(servers: readonly ServerFacts[], wait: number): string {
  const durability = durabilityOf(servers, wait);
  const replicas =
    wait > 0
      ? `${wait} replica${wait > 1 ? 's' : ''} had it in memory when it was acknowledged`
      : 'a failover may lose the last commits, and tells so';
  const disk = {
    none: 'no append-only file: a restart of the server loses what no snapshot holds',
    process: servers.every(({ appendfsync }) => appendfsync === 'everysec')
      ? 'a power cut may lose about the last second of commits'
      : 'a power cut may lose what the system had not yet written, seconds or more of commits',
    disk: 'a power cut loses nothing',
    replicated: 'a power cut loses nothing',
  }[durability];
  return `${disk}; ${replicas}`;
}
