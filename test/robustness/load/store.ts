/**
 * How the writers and the verifier open the store: on SQLite, one app with next to no retention.
 */
import { join } from 'node:path';
import { openSqliteEngine } from '../../../src/engine/sqlite/index.ts';
import type { Clock } from '../../../src/internal/clock.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import { systemRandom } from '../../../src/internal/random.ts';
import { openLedgers } from '../../../src/ledger/ledgers.ts';
import type { Ledgers } from '../../../src/ledger/ledgers.ts';

export interface StoreOptions {
  readonly clock?: Clock | undefined;
  /** 0: only when asked. */
  readonly sweepMs: number;
}

export function storePath(folder: string): string {
  return join(folder, 'store.holdfast');
}

export async function openStore(folder: string, options: StoreOptions): Promise<Ledgers> {
  const clock = options.clock ?? systemClock;
  const engine = await openSqliteEngine(`file:${storePath(folder)}`, {
    clock,
    random: systemRandom,
    cacheBytes: 1024 * 1024,
    busyTimeoutMs: 30_000,
    mustExist: false,
    readOnly: false,
  });
  return openLedgers(engine, {
    clock,
    sweepMs: options.sweepMs,
    flushMs: 20,
    apps: { trimmed: { retention: { ms: 50, bytes: 20_000, hardBytes: 60_000 } } },
    onBackgroundError(error) {
      throw error;
    },
  });
}
