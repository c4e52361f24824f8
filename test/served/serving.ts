/** A real server and a real client between a test and its ledgers, on a port of this machine. */
import { clientTerms } from '../../src/client/options.ts';
import type { ClientOptions } from '../../src/client/index.ts';
import { RemoteSource } from '../../src/client/index.ts';
import type { Ledger, Ledgers } from '../../src/ledger/index.ts';
import { serve } from '../../src/server/index.ts';
import type { ServeOptions, Server } from '../../src/server/index.ts';

export interface Served {
  readonly server: Server;
  readonly source: RemoteSource;
  ledger(app: string): Ledger;
  /** Lets go of client and server, not of the ledgers. */
  close(): Promise<void>;
}

export interface ServedOptions {
  readonly server?: ServeOptions;
  readonly client?: ClientOptions;
  /** Where the client connects, given where the server listens: a proxy. */
  readonly through?: (url: string) => Promise<{ url: string; close(): Promise<void> }>;
}

export async function servedLedgers(
  ledgers: Ledgers,
  options: ServedOptions = {},
): Promise<Served> {
  const server = await serve(ledgers, { port: 0, processMetrics: false, ...options.server });
  const way = await options.through?.(server.url);
  const terms = clientTerms(way?.url ?? server.url, { ...options.client });
  const source = await RemoteSource.open(terms);
  return {
    server,
    source,
    ledger: (app) => source.ledger(app),
    async close() {
      await source.close();
      await way?.close();
      await server.close();
    },
  };
}
