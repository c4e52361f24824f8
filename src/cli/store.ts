/**
 * Opening the store that a command works on.
 *
 * C1. A command does no duties of its own but sweeping: how long the log is kept is for the program
 *     that owns the store to say, so nothing here ever trims it.
 * C2. A command that only reads opens for reading only, and never makes a store.
 * C3. Where a config file names the store, its rules hold for what a command writes.
 */
import { RemoteSource, clientTerms } from '../client/index.ts';
import type { Config } from '../config/index.ts';
import { openEngine } from '../engine/index.ts';
import { systemClock } from '../internal/clock.ts';
import { systemRandom } from '../internal/random.ts';
import { withoutPassword } from '../internal/without-password.ts';
import { limits, openLedgers } from '../ledger/index.ts';
import type { Ledger, LedgerSource, Ledgers } from '../ledger/index.ts';
// Knows every engine by the scheme of its URLs.
import '../store/index.ts';
import { openConfigured } from './configured.ts';
import { usageError } from './failure.ts';

/** `read` and `write` need a store that is there; `create` makes one. */
export type Access = 'read' | 'write' | 'create';

/** Enough for a command's reads: no command reads the same entry twice. */
const cacheBytes = 4 * 1024 * 1024;
const busyTimeoutMs = 5000;
const forever = { ms: Infinity, bytes: Infinity, hardBytes: Infinity };

export interface OpenStore extends AsyncDisposable {
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

/** Where a store is, and what is known of it before it is opened. */
export interface StorePlace {
  readonly url: string;
  /** For a server. */
  readonly token?: string | undefined;
  /** Of the file that names the store. */
  readonly config?: Config | undefined;
}

export async function openStore(place: StorePlace, access: Access): Promise<OpenStore> {
  const { url, token, config } = place;
  if (isServerUrl(url)) return opened(url, await RemoteSource.open(clientTerms(url, { token })));
  const terms = {
    cacheBytes,
    busyTimeoutMs,
    mustExist: access !== 'create',
    readOnly: access === 'read',
  };
  if (config !== undefined) {
    const ledgers = await openConfigured(config, terms);
    return opened(url, ledgers, ledgers);
  }
  const engine = await openEngine(url, { ...terms, clock: systemClock, random: systemRandom });
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
    [Symbol.asyncDispose]: () => source.close(),
  };
}

/** The store itself, for what cannot be done through a server. Throws a usage error. */
export function atHome({ ledgers, url }: OpenStore, command: string): Ledgers {
  if (ledgers !== undefined) return ledgers;
  throw usageError(`${command} works on the store itself, not through its server at ${url}`);
}
