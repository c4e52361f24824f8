/**
 * Found by the power-cut harness: a store that lost power while SQLite wrote its WAL back into the
 * file was refused as `store_corrupt`, although nothing was lost: the first look at the file reads
 * no WAL, and half a checkpoint makes no sense without it.
 */
import { copyFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openFile, temporaryFolder } from './temporary-store.ts';

test('a store opens after a power cut in the middle of a checkpoint', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'whole.db');
  const cutPath = join(folder, 'cut.db');
  const ledgers = await openFile(path);
  const refs = Array.from({ length: 200 }, (_, index) => ({ scope: 's', key: `key-${index}` }));
  const value = 'x'.repeat(500);
  const mutations = refs.map((ref) => ({ kind: 'set', ...ref, value }) as const);
  await ledgers.ledger('app').commit({ mutations });
  copyFileSync(`${path}-wal`, `${cutPath}-wal`);
  using other = new DatabaseSync(path);
  other.exec('PRAGMA wal_checkpoint(PASSIVE)');
  copyFileSync(path, cutPath);
  // The first page says how many there are; only some of them have reached the disk.
  truncateSync(cutPath, 3 * 4096);

  const reopened = await openFile(cutPath);
  const entries = await reopened.ledger('app').read(refs);
  expect(entries.filter((entry) => entry?.value.decode() === value)).toHaveLength(refs.length);
});
