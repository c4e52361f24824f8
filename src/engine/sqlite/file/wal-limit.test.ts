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

function grow(database: DatabaseSync, pages: number): void {
  database.prepare('INSERT INTO filler VALUES (zeroblob(?))').run(pages * 4096);
}

function latest(limit: WalLimit): number {
  return Math.max(...Array.from({ length: 16 }, () => limit.pages()));
}

test('the WAL may be an eighth of the file, from 1 MiB to 16 MiB', () => {
  const database = newFile();
  const limit = new WalLimit(database);
  expect(limit.pages()).toBe(256);
  grow(database, 1000);
  expect(latest(limit)).toBe(256);
  grow(database, 7000);
  expect(latest(limit)).toSatisfy((pages: number) => pages >= 1000 && pages < 1020);
  grow(database, 30_000);
  expect(latest(limit)).toBe(4000);
});
