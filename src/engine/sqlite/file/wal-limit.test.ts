import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { WalLimit } from './wal-limit.ts';

function newFile(): DatabaseSync {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-wal-'));
  const database = new DatabaseSync(join(folder, 'file.db'));
  onTestFinished(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  database.exec('PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
  database.exec('CREATE TABLE filler (content BLOB)');
  return database;
}

function limitOf(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA wal_autocheckpoint').get()?.['wal_autocheckpoint'];
}

function grow(database: DatabaseSync, limit: WalLimit, pages: number): void {
  database.prepare('INSERT INTO filler VALUES (zeroblob(?))').run(pages * 4096);
  for (let commit = 0; commit < 64; commit += 1) limit.committed();
}

test('the WAL may be an eighth of the file, from 1 MiB to 16 MiB', () => {
  const database = newFile();
  const limit = new WalLimit(database);
  expect(limitOf(database)).toBe(256);
  grow(database, limit, 1000);
  expect(limitOf(database)).toBe(256);
  grow(database, limit, 7000);
  expect(limitOf(database)).toSatisfy((pages: number) => pages >= 1000 && pages < 1020);
  grow(database, limit, 30_000);
  expect(limitOf(database)).toBe(4000);
});
