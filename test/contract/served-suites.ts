/**
 * An engine that lies behind a network itself, behind a server: what a client of it is promised.
 * The layers above scopes and lists, and a bad network, only while somebody searches: they take
 * minutes.
 */
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import {
  ledgerContract,
  listContract,
  runContract,
  scopeContract,
  triggerContract,
  watchContract,
} from '../../src/testing/index.ts';
import { isSearching } from '../robustness/runs.ts';
import { badNetworkSkips, throughBadNetwork } from '../served/bad-network.ts';
import type { ServedOptions } from '../served/serving.ts';
import { onServedEngine } from './ledgers.ts';
import { closeServedAfterEach, servedOpener, servedSkips } from './served-ledgers.ts';

export interface FarEngine {
  open(url: string, options: EngineOptions): Promise<Engine>;
  /** Of a store that nobody else has. */
  newUrl(): string;
  /** For one test of the ledger's contract; undefined: what the project gives. */
  readonly timeoutMs?: number;
}

interface Network {
  readonly options: ServedOptions;
  readonly skip: typeof badNetworkSkips | undefined;
}

const good: Network = { options: {}, skip: undefined };
const bad: Network = { options: throughBadNetwork, skip: badNetworkSkips };

/** Registers the suites for one engine. Call it once in a file. */
export function servedSuites(engine: string, { open, newUrl, timeoutMs }: FarEngine): void {
  closeServedAfterEach();
  const networks: Readonly<Record<string, Network>> = {
    [`${engine}, served`]: good,
    ...(isSearching ? { [`${engine}, served through a bad network`]: bad } : {}),
  };
  const openPatient: FarEngine['open'] = (url, options) =>
    open(url, { ...options, busyTimeoutMs: 5000 });
  for (const [name, { options, skip }] of Object.entries(networks)) {
    ledgerContract(name, {
      skip: { ...servedSkips, ...skip?.ledger },
      open: servedOpener(openPatient, newUrl, options),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const setup = onServedEngine(open, newUrl, options);
    scopeContract(name, { ...setup, skip: skip?.scopes ?? {} });
    listContract(name, setup);
    if (!isSearching) continue;
    watchContract(name, setup);
    triggerContract(name, setup);
    runContract(name, setup);
  }
}
