/** A store in a folder of its own, for findings that need a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import type { Clock } from '../../src/internal/clock.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { systemRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/ledgers.ts';
import type { Ledgers } from '../../src/ledger/ledgers.ts';

/** Removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-regression-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Nothing happens in the background. Closed after the test, if not before. */
export async function openFile(path: string, clock: Clock = systemClock): Promise<Ledgers> {
  const engine = await openSqliteEngine(`file:${path}`, {
    clock,
    random: systemRandom,
    cacheBytes: 1 << 20,
    busyTimeoutMs: 5000,
    mustExist: false,
    readOnly: false,
  });
  const ledgers = openLedgers(engine, { clock, sweepMs: 0 });
  onTestFinished(() => ledgers.close());
  return ledgers;
}
