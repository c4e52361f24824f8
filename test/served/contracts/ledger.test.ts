/** The ledger's contract and model through a bad network: nobody above the client sees it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openSqliteEngine } from '../../../src/engine/sqlite/index.ts';
import { ledgerContract } from '../../../src/testing/index.ts';
import { closeServedAfterEach, servedOpener, servedSkips } from '../../contract/served-ledgers.ts';
import { throughBadNetwork } from '../bad-network.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-network-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
closeServedAfterEach();

ledgerContract('sqlite, through a bad network', {
  skip: servedSkips,
  open: servedOpener(
    openSqliteEngine,
    (number) => `file:${join(folder, `${number}.db`)}`,
    throughBadNetwork,
  ),
});
