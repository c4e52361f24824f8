/**
 * Two processes make one store at once. The second looked at the file in two steps, whose it is and
 * whether it has tables: between them the first one had made the store, so the second took it for a
 * stranger's file and refused it (once in 300 starts on a slow machine).
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test, vi } from 'vitest';
import { inspect } from '../../src/engine/sqlite/file/inspect.ts';
import { schemaSql } from '../../src/engine/sqlite/schema.ts';
import { temporaryFolder } from './temporary-store.ts';

afterEach(() => vi.restoreAllMocks());

/** Runs `act` before the second statement that looks for tables: that of the look at the WAL. */
function betweenTheSteps(act: () => void): void {
  const { prepare } = DatabaseSync.prototype;
  let looks = 0;
  vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function prepared(
    this: DatabaseSync,
    sql: string,
  ) {
    if (sql.includes('sqlite_schema')) looks += 1;
    if (sql.includes('sqlite_schema') && looks === 2) act();
    return prepare.call(this, sql);
  });
}

test.each([
  ['has it open', (): void => undefined],
  ['has closed it again', (other: DatabaseSync): void => other.close()],
])('a store that another process makes meanwhile, and %s, is no foreign file', (_how, after) => {
  const path = join(temporaryFolder(), 'store.db');
  const other = new DatabaseSync(path);
  other.exec('PRAGMA journal_mode = WAL');
  // Opens the WAL, so that there is one to be looked at.
  other.prepare('SELECT count(*) FROM sqlite_schema').get();
  betweenTheSteps(() => {
    other.exec(schemaSql);
    after(other);
  });
  expect(inspect(path)).toMatch(/^(empty|store)$/);
  vi.restoreAllMocks();
  expect(inspect(path)).toBe('store');
});
