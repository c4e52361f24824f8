/**
 * The ledger's contract through a bad network: nobody above the client sees it. It takes minutes:
 * `npm run fuzz -- test/served/network`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { openSqliteEngine } from '../../../src/engine/sqlite/index.ts';
import { ledgerContract } from '../../../src/testing/index.ts';
import { closeServedAfterEach, servedOpener, servedSkips } from '../../contract/served-ledgers.ts';
import { isSearching } from '../../robustness/runs.ts';
import { badNetworkSkips, throughBadNetwork } from '../bad-network.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-network-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
closeServedAfterEach();

describe.runIf(isSearching)('whole', () => {
  ledgerContract('sqlite, through a bad network', {
    skip: { ...servedSkips, ...badNetworkSkips.ledger },
    open: servedOpener(
      openSqliteEngine,
      (number) => `file:${join(folder, `${number}.db`)}`,
      throughBadNetwork,
    ),
  });
});
