/**
 * A server on Postgres, as a client sees it. Layers, and a bad network, only while somebody
 * searches: they take minutes.
 */
import { inject } from 'vitest';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import {
  ledgerContract,
  listContract,
  runContract,
  scopeContract,
  triggerContract,
  watchContract,
} from '../../src/testing/index.ts';
import { onServedEngine } from '../contract/ledgers.ts';
import { closeServedAfterEach, servedOpener, servedSkips } from '../contract/served-ledgers.ts';
import { isSearching } from '../robustness/runs.ts';
import { badNetworkSkips, throughBadNetwork } from '../served/bad-network.ts';
import type { ServedOptions } from '../served/serving.ts';
import { withServer } from '../servers/provided.ts';
import { storeUrl } from './stores.ts';

interface Network {
  readonly options: ServedOptions;
  readonly skip: typeof badNetworkSkips | undefined;
}

const good: Network = { options: {}, skip: undefined };
const bad: Network = { options: throughBadNetwork, skip: badNetworkSkips };
const networks: Readonly<Record<string, Network>> = {
  'postgres, served': good,
  ...(isSearching ? { 'postgres, served through a bad network': bad } : {}),
};

closeServedAfterEach();

withServer(inject('postgres'), 'postgres', (server) => {
  for (const [name, { options, skip }] of Object.entries(networks)) {
    const urlOf = (): string => storeUrl(server);
    ledgerContract(name, {
      skip: { ...servedSkips, ...skip?.ledger },
      open: servedOpener(openPatient, urlOf, options),
    });
    const setup = onServedEngine(openPostgresEngine, () => storeUrl(server), options);
    scopeContract(name, { ...setup, skip: skip?.scopes ?? {} });
    listContract(name, setup);
    if (!isSearching) continue;
    watchContract(name, setup);
    triggerContract(name, setup);
    runContract(name, setup);
  }
});

function openPatient(url: string, options: EngineOptions): Promise<Engine> {
  return openPostgresEngine(url, { ...options, busyTimeoutMs: 5000 });
}
