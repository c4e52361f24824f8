/**
 * Opening the store that a command works on.
 *
 * C1. A command does no duties of its own but sweeping: how long the log is kept is for the program
 *     that owns the store to say, so nothing here ever trims it.
 * C2. A command that only reads opens for reading only, and never makes a store.
 */
import { RemoteSource, clientTerms } from '../client/index.ts';
import { openEngine } from '../engine/index.ts';
import { systemClock } from '../internal/clock.ts';
import { systemRandom } from '../internal/random.ts';
import { withoutPassword } from '../internal/without-password.ts';
import { limits, openLedgers } from '../ledger/index.ts';
import type { Ledger, LedgerSource, Ledgers } from '../ledger/index.ts';
// Knows every engine by the scheme of its URLs.
import '../store/index.ts';
import { usageError } from './failure.ts';

/** `read` and `write` need a store that is there; `create` makes one. */
export type Access = 'read' | 'write' | 'create';

/** Enough for a command's reads: no command reads the same entry twice. */
const cacheBytes = 4 * 1024 * 1024;
const busyTimeoutMs = 5000;
const forever = { ms: Infinity, bytes: Infinity, hardBytes: Infinity };

export interface OpenStore {
  /** Without a password. */
  readonly url: string;
  readonly source: LedgerSource;
  /** Undefined where a server has it. */
  readonly ledgers: Ledgers | undefined;
  ledger(app: string): Ledger;
  close(): Promise<void>;
}

/** A bare path is taken as a file. */
export function storeUrl(store: string): string {
  return /^[a-z][a-z0-9+.-]+:/.test(store) ? store : `file:${store}`;
}

export function isServerUrl(url: string): boolean {
  return /^(https?|wss?):/.test(url);
}

/** `token` is for the URL of a server. */
export async function openStore(store: string, access: Access, token?: string): Promise<OpenStore> {
  const url = storeUrl(store);
  if (isServerUrl(url)) return opened(url, await RemoteSource.open(clientTerms(url, { token })));
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
  return opened(url, ledgers, ledgers);
}

function opened(url: string, source: LedgerSource, ledgers?: Ledgers): OpenStore {
  return {
    url: withoutPassword(url),
    source,
    ledgers,
    ledger: (app) => source.ledger(app),
    close: () => source.close(),
  };
}

/** The store itself, for what cannot be done through a server. Throws a usage error. */
export function atHome({ ledgers, url }: OpenStore, command: string): Ledgers {
  if (ledgers !== undefined) return ledgers;
  throw usageError(`${command} works on the store itself, not through its server at ${url}`);
}
