/**
 * A SQLite file of Keyv: a table of `key` and `value`.
 *
 * A key is `namespace:key`; the namespace becomes the scope, and `keyv` is the scope of keys
 * without one. A value is JSON `{value, expires?}`, in which a text that starts with `:` has
 * another one put before it and bytes are `:base64:…`.
 */
import { access } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { limits, StoredValue } from '../../../ledger/index.ts';
import { CommandEnd, unreadable } from '../../failure.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Incoming } from '../line.ts';
import type { Source, Sourced } from './source.ts';

const defaultScope = 'keyv';
const bytesMark = ':base64:';

export async function openKeyvFile(path: string, named: string | undefined): Promise<Source> {
  await access(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const database = new DatabaseSync(path, { readOnly: true });
  const table = `"${(named ?? tableOf(database, path)).replaceAll('"', '""')}"`;
  const { total } = database.prepare(`SELECT count(*) AS total FROM ${table}`).get() as {
    total: number;
  };
  return { unit: 'entries', total, entries: () => readRows(database, table) };
}

function tableOf(database: DatabaseSync, path: string): string {
  const tables = database
    .prepare(
      `SELECT name FROM sqlite_schema AS t WHERE type = 'table' AND 2 =
        (SELECT count(*) FROM pragma_table_info(t.name) WHERE name IN ('key', 'value'))`,
    )
    .all()
    .map(({ name }) => String(name));
  const table = tables.includes(defaultScope) ? defaultScope : tables[0];
  if (table !== undefined && (tables.length === 1 || table === defaultScope)) return table;
  const message =
    tables.length === 0
      ? `${path} has no table with the columns key and value`
      : `${path} has several tables of Keyv (${tables.join(', ')}); name one with --keyv-table`;
  throw new CommandEnd('bad_input', exitCodes.usage, message, { tables });
}

async function* readRows(database: DatabaseSync, table: string): AsyncGenerator<Sourced> {
  let done = 0;
  try {
    const rows = database.prepare(`SELECT key, value FROM ${table} ORDER BY key`).iterate();
    for (const { key, value } of rows) {
      done += 1;
      yield { entry: incomingOf(String(key), value), done };
    }
  } finally {
    database.close();
  }
}

function incomingOf(fullKey: string, stored: unknown): Incoming {
  const colon = fullKey.indexOf(':');
  const scope = colon > 0 ? fullKey.slice(0, colon) : defaultScope;
  const key = colon > 0 ? fullKey.slice(colon + 1) : fullKey;
  try {
    const json: unknown = JSON.parse(String(stored));
    const { value, expires } = (json ?? {}) as { value?: unknown; expires?: unknown };
    const content = StoredValue.of(plain(value ?? null, true), limits.valueBytesMax);
    const expiresAt = typeof expires === 'number' ? Math.trunc(expires) : undefined;
    return { app: undefined, scope, key, value: content, expiresAt, schema: 0 };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `'${fullKey}' cannot be imported: ${reason}`;
    throw new CommandEnd('bad_input', exitCodes.failure, message, { key: fullKey });
  }
}

/** A value without Keyv's marks. Bytes can only be a whole value: JSON has none. */
function plain(value: unknown, isWhole: boolean): unknown {
  if (typeof value === 'string') {
    if (value.startsWith(bytesMark)) {
      if (isWhole) return new Uint8Array(Buffer.from(value.slice(bytesMark.length), 'base64'));
      throw new Error('it has bytes inside an object');
    }
    return value.startsWith(':') ? value.slice(1) : value;
  }
  if (Array.isArray(value)) return value.map((item) => plain(item, false));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, plain(item, false)]),
  );
}
