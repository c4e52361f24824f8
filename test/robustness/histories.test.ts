import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processHistories } from './histories/suite.ts';

processHistories('sqlite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-history-'));
  const url = `file:${join(folder, 'store.db')}`;
  return { url, remove: () => rmSync(folder, { recursive: true }) };
});
