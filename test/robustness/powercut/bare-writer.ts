/**
 * A writer that is SQLite alone, to prove the harness: with `synchronous=OFF` acknowledged rows
 * must get lost in it, with `FULL` none.
 *
 * `node bare-writer.ts FOLDER SYNCHRONOUS ROWS`
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AckFile } from '../load/acks.ts';

const [folder = '', synchronous = '', rows = ''] = process.argv.slice(2);
const acks = new AckFile(folder, 'bare');
const database = new DatabaseSync(join(folder, 'bare.db'));
database.exec('PRAGMA journal_mode=WAL');
database.exec(`PRAGMA synchronous=${synchronous}`);
// Small, so that checkpoints fall into the run as well.
database.exec('PRAGMA wal_autocheckpoint=50');
database.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)');
const insert = database.prepare('INSERT INTO rows VALUES (?, ?)');
for (let id = 1; id <= Number(rows); id += 1) {
  insert.run(id, `row ${id} `.repeat(40));
  acks.append(id);
}
database.close();
