/**
 * P8, P10 through `kill -9` and SIGSTOP: a workflow whose process dies anywhere ends as if it had
 * not, and an owner that slept changes nothing any more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killSuite } from './workflow/kill-suite.ts';
import type { KilledStore } from './workflow/kill-suite.ts';
import { stopSuite } from './workflow/stop-suite.ts';

function newStore(): KilledStore {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-workflow-'));
  const url = `file:${join(folder, 'store.db')}`;
  return { url, remove: () => rmSync(folder, { recursive: true }) };
}

killSuite('SQLite', { slice: 6, newStore });
stopSuite('SQLite', newStore);
