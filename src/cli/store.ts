/**
 * Opening the store that a command works on.
 *
 * C1. A command does no duties of its own but sweeping: how long the log is kept is for the program
 *     that owns the store to say, so nothing here ever trims it.
 * C2. A command that only reads opens for reading only, and never makes a store.
 */
import { openEngine } from '../engine/index.ts';
import type { Engine } from '../engine/index.ts';
import { systemClock } from '../internal/clock.ts';
import { systemRandom } from '../internal/random.ts';
import { limits, openLedgers } from '../ledger/index.ts';
import type { Ledger, Ledgers } from '../ledger/index.ts';
// Knows which engine serves which URL.
import '../store/index.ts';

/** `read` and `write` need a store that is there; `create` makes one. */
export type Access = 'read' | 'write' | 'create';

/** Enough for a command's reads: no command reads the same entry twice. */
const cacheBytes = 4 * 1024 * 1024;
const busyTimeoutMs = 5000;
const forever = { ms: Infinity, bytes: Infinity, hardBytes: Infinity };

export interface OpenStore {
  readonly url: string;
  readonly engine: Engine;
  readonly ledgers: Ledgers;
  ledger(app: string): Ledger;
  close(): Promise<void>;
}

/** A bare path is taken as a file. */
export function storeUrl(store: string): string {
  return /^[a-z][a-z0-9+.-]+:/.test(store) ? store : `file:${store}`;
}

export async function openStore(store: string, access: Access): Promise<OpenStore> {
  const url = storeUrl(store);
  const engine = await openEngine(url, {
    clock: systemClock,
    random: systemRandom,
    cacheBytes,
    busyTimeoutMs,
    mustExist: access !== 'create',
    readOnly: access === 'read',
  });
  const ledgers = openLedgers(engine, {
    sweepMs: 0,
    retention: forever,
    maxValueBytes: limits.valueBytesMax,
  });
  return {
    url,
    engine,
    ledgers,
    ledger: (app) => ledgers.ledger(app),
    close: () => ledgers.close(),
  };
}
