/**
 * The limit: the same work by hand on `node:sqlite`, with nothing in between.
 *
 * A commit checks one entry's version, writes the entry and appends a log record; a group of them
 * is one durable transaction with one log row. No expiry, no operations, no counts, no history of
 * positions.
 */
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';

export interface BareSet {
  readonly scope: string;
  readonly key: string;
  readonly value: unknown;
}

export class BareStore {
  readonly database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #log: StatementSync;
  #revision = 0;

  constructor(path: string) {
    this.database = new DatabaseSync(path);
    this.database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS entry (
        scope TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (scope, key)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS log (revision INTEGER PRIMARY KEY, body TEXT NOT NULL);
    `);
    const prepare = (sql: string): StatementSync => this.database.prepare(sql);
    this.#select = prepare('SELECT version, value FROM entry WHERE scope = ? AND key = ?');
    this.#upsert = prepare(
      'INSERT OR REPLACE INTO entry (scope, key, version, value) VALUES (?, ?, ?, ?)',
    );
    this.#log = prepare('INSERT INTO log (revision, body) VALUES (?, ?)');
  }

  /** One durable transaction. */
  commit(sets: readonly BareSet[]): void {
    this.database.exec('BEGIN IMMEDIATE');
    const records: string[] = [];
    for (const { scope, key, value } of sets) {
      this.#select.get(scope, key);
      this.#revision += 1;
      const text = JSON.stringify(value);
      this.#upsert.run(scope, key, this.#revision, text);
      records.push(`${JSON.stringify([this.#revision, scope, key])}${text}`);
    }
    this.#log.run(this.#revision, records.join('\n'));
    this.database.exec('COMMIT');
  }

  read(scope: string, key: string): unknown {
    const row = this.#select.get(scope, key);
    return row === undefined ? undefined : JSON.parse(row['value'] as string);
  }

  close(): void {
    this.database.close();
  }
}
