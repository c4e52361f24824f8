/**
 * The plain keys of a Redis database, as other programs use it.
 *
 * R1. A key is `scope:key`; `redis` is the scope of keys without a colon.
 * R2. A string that is JSON becomes that value, other text becomes text, anything else bytes.
 *     Hashes become objects; lists, sets (sorted) and streams arrays; sorted sets arrays of
 *     `[member, score]` by score. Inside of those, bytes cannot be told and are refused.
 * R3. A key's expiry comes along, to the millisecond.
 * R4. Keys come as the server's SCAN gives them: those that are there all the while come at least
 *     once, changes meanwhile may be missed. Memory holds one step of the scan.
 * R5. What a Holdfast store keeps in the same database is passed over.
 */
import type { Redis } from 'ioredis';
import { connectPlain } from '../../../engine/redis/index.ts';
import { HoldfastError } from '../../../errors/index.ts';
import { compareText } from '../../../internal/text-order.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import { CommandEnd } from '../../failure.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Incoming } from '../line.ts';
import type { Source, Sourced } from './source.ts';

const defaultScope = 'redis';
const scanCount = 200;
/** A store's own keys: `prefix:{app}:part` and `{prefix}:part`. */
const ofStore =
  /^(?:[^{}]+:\{[A-Za-z0-9._-]{1,64}\}:(?:head|meta|data|index|expiry|scopes|names|empty|log|bodies|incarnations|stamps)|\{[^{}]+\}:(?:store|ledgers|members))$/;

export async function openRedis(url: string): Promise<Source> {
  const client = await connectPlain(url);
  try {
    const total = await client.dbsize();
    return { unit: 'entries', total, entries: () => readKeys(client) };
  } catch (error) {
    client.disconnect();
    throw error;
  }
}

async function* readKeys(client: Redis): AsyncGenerator<Sourced> {
  let [cursor, done] = ['0', 0];
  try {
    do {
      const [next, keys] = await client.scanBuffer(cursor, 'COUNT', scanCount);
      cursor = next.toString();
      const entries = await Promise.all(keys.map((key) => readKey(client, key)));
      for (const entry of entries) {
        done += 1;
        if (entry !== undefined) yield { entry, done };
      }
    } while (cursor !== '0');
  } finally {
    client.disconnect();
  }
}

/** Undefined for a key that is gone by now, or that is a store's. */
async function readKey(client: Redis, name: Buffer): Promise<Incoming | undefined> {
  const fullKey = utf8(name);
  if (fullKey === undefined) throw refused(name.toString('latin1'), 'its name is not UTF-8');
  if (ofStore.test(fullKey)) return undefined;
  const [type, expiresAt] = await Promise.all([client.type(name), client.pexpiretime(name)]);
  if (type === 'none') return undefined;
  const colon = fullKey.indexOf(':');
  try {
    const value = await valueOf(client, name, type);
    if (value === undefined) return undefined;
    return {
      app: undefined,
      scope: colon > 0 ? fullKey.slice(0, colon) : defaultScope,
      key: colon > 0 ? fullKey.slice(colon + 1) : fullKey,
      value,
      expiresAt: expiresAt > 0 ? expiresAt : undefined,
      schema: 0,
    };
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'unavailable') throw error;
    throw refused(fullKey, error instanceof Error ? error.message : String(error));
  }
}

async function valueOf(client: Redis, key: Buffer, type: string): Promise<StoredValue | undefined> {
  switch (type) {
    case 'string': {
      const bytes = await client.getBuffer(key);
      return bytes === null ? undefined : ofString(bytes);
    }
    case 'hash': {
      const fields = pairs(listOf(await client.callBuffer('HGETALL', key)));
      return stored(Object.fromEntries(fields.map(([name, value]) => [text(name), plain(value)])));
    }
    case 'list':
      return stored((await client.lrangeBuffer(key, 0, -1)).map(plain));
    case 'set': {
      const members = (await client.smembersBuffer(key)).map(text).sort(compareText);
      return stored(members.map(plainText));
    }
    case 'zset': {
      const found = await client.zrangeBuffer(key, 0, -1, 'WITHSCORES');
      return stored(pairs(found).map(([member, score]) => [plain(member), Number(text(score))]));
    }
    case 'stream': {
      const rows = await client.xrangeBuffer(key, '-', '+');
      return stored(
        rows.map(([id, fields]) => ({
          id: text(id),
          ...Object.fromEntries(pairs(fields).map(([name, value]) => [text(name), plain(value)])),
        })),
      );
    }
    default:
      throw new Error(`values of type ${type} are not known`);
  }
}

function stored(value: unknown): StoredValue {
  return StoredValue.of(value, limits.valueBytesMax);
}

function ofString(bytes: Buffer): StoredValue {
  const string = utf8(bytes);
  return stored(string === undefined ? new Uint8Array(bytes) : plainText(string));
}

function plain(bytes: Buffer): unknown {
  return plainText(text(bytes));
}

/** The JSON that a text is, if the store takes that; the text itself otherwise. */
function plainText(string: string): unknown {
  try {
    return StoredValue.parse(string, limits.valueBytesMax).decode();
  } catch {
    return string;
  }
}

function text(bytes: Buffer): string {
  const string = utf8(bytes);
  if (string === undefined) throw new Error('it holds bytes that are no text');
  return string;
}

function utf8(bytes: Buffer): string | undefined {
  const string = bytes.toString('utf8');
  return Buffer.from(string, 'utf8').equals(bytes) ? string : undefined;
}

function listOf(reply: unknown): Buffer[] {
  return Array.isArray(reply) ? (reply as Buffer[]) : [];
}

function pairs(flat: readonly Buffer[]): [Buffer, Buffer][] {
  const found: [Buffer, Buffer][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    found.push([flat[index] as Buffer, flat[index + 1] as Buffer]);
  }
  return found;
}

function refused(key: string, reason: string): CommandEnd {
  const message = `'${key}' cannot be imported: ${reason}`;
  return new CommandEnd('bad_input', exitCodes.failure, message, { key });
}
