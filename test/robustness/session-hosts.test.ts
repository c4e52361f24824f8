/** P10 of sessions on a file that two hosts share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { twoHostsSuite } from './sessions/two-hosts.ts';

twoHostsSuite('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-shared-'));
  const url = `file:${join(folder, 'store.db')}`;
  return { url, remove: () => rmSync(folder, { recursive: true }) };
});
