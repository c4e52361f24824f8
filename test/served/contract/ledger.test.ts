/** The ledger's contract through a real server and client: embedded and remote are one thing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openMemoryEngine } from '../../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../../src/engine/sqlite/index.ts';
import { ledgerContract } from '../../../src/testing/index.ts';
import { closeServedAfterEach, servedOpener, servedSkips } from '../../contract/served-ledgers.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-served-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
closeServedAfterEach();

ledgerContract('memory, served', {
  skip: servedSkips,
  open: servedOpener(openMemoryEngine, (number) => `memory:served-${number}`),
});
ledgerContract('sqlite, served', {
  skip: servedSkips,
  open: servedOpener(openSqliteEngine, (number) => `file:${join(folder, `${number}.db`)}`),
});
