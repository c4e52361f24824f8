import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { Contender } from './contender.ts';

/**
 * Prepared statements, one durable transaction for each call, values as JSON. No versions, no log,
 * no expiry, no limits: what somebody writes who needs a table and nothing else.
 */
export async function openByHand(folder: string): Promise<Contender> {
  const database = new DatabaseSync(`${folder}/by-hand.db`);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `);
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  const select = prepare('SELECT value FROM entry WHERE key = ?');
  const upsert = prepare('INSERT OR REPLACE INTO entry (key, value) VALUES (?, ?)');
  const range = prepare('SELECT key, value FROM entry WHERE key >= ? AND key < ? ORDER BY key');
  const add = prepare(`
    INSERT INTO entry (key, value) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1
  `);
  const read = (key: string): unknown => {
    const row = select.get(key);
    return row === undefined ? undefined : JSON.parse(row['value'] as string);
  };
  return {
    name: 'by hand',
    durability: 'node:sqlite, WAL, synchronous=FULL',
    async set(key, value) {
      upsert.run(key, JSON.stringify(value));
    },
    async get(key) {
      return read(key);
    },
    async list(group) {
      let count = 0;
      for (const row of range.iterate(group, `${group};`)) {
        if (JSON.parse(row['value'] as string) !== undefined) count += 1;
      }
      return count;
    },
    async increment() {
      add.run('hot');
    },
    async transfer(from, to) {
      database.exec('BEGIN IMMEDIATE');
      const left = read(from) as number | undefined;
      const right = read(to) as number | undefined;
      upsert.run(from, JSON.stringify((left ?? 0) - 1));
      upsert.run(to, JSON.stringify((right ?? 0) + 1));
      database.exec('COMMIT');
    },
    async close() {
      database.close();
    },
  };
}
