/**
 * The ledgers that the suites of the layers run on: each engine, behind a wire, behind a server.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noFaults, openHostileEngine } from '../../src/engine/hostile/index.ts';
import type { HostileFaults } from '../../src/engine/hostile/index.ts';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { openMemoryEngine } from '../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import type { Clock } from '../../src/internal/clock.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import type { Ledger, Ledgers } from '../../src/ledger/index.ts';
import { loopback, pressing } from '../../src/testing/index.ts';
import type { LayerContractSetup, OpenedLedger } from '../../src/testing/index.ts';
import { servedLedgers } from '../served/serving.ts';
import type { ServedOptions } from '../served/serving.ts';

type OpenEngine = (url: string, options: EngineOptions) => Promise<Engine>;

const faults: HostileFaults = {
  ...noFaults,
  staleReads: 0.4,
  repeatedDecide: 0.3,
  unknownOutcome: 0.2,
  errorAfter: 0.1,
  delay: 0.3,
};

let stores = 0;

async function openWith(
  openEngine: OpenEngine,
  url: string,
  clock: Clock,
  view: View,
  afterClose: () => void = () => undefined,
): Promise<OpenedLedger> {
  const opened: Ledgers[] = [];
  const views: Awaited<ReturnType<View>>[] = [];
  const random = seededRandom(stores);
  const shared = { cacheBytes: 2 ** 20, busyTimeoutMs: 5000, mustExist: false, readOnly: false };
  const open = async (): Promise<Ledger> => {
    const engine = await openEngine(url, { clock, random, ...shared });
    const ledgers = openLedgers(engine, { clock: pressing(clock), random, sweepMs: 0 });
    const seen = await view(ledgers);
    opened.push(ledgers);
    views.push(seen);
    return seen.ledger;
  };
  return {
    ledger: await open(),
    another: open,
    async upkeep() {
      for (const ledgers of opened) await ledgers.runDuties();
    },
    async close() {
      for (const one of [...views, ...opened]) await one.close();
      afterClose();
    },
  };
}

/** How a test sees the app of a store. */
type View = (ledgers: Ledgers) => Promise<{ readonly ledger: Ledger; close(): Promise<void> }>;

function seen(through: (ledger: Ledger) => Ledger): View {
  return async (ledgers) => ({
    ledger: through(ledgers.ledger('app')),
    close: () => Promise.resolve(),
  });
}

const same = seen((ledger) => ledger);
const wired = seen(loopback);

/** Behind a server, and what the options put in between. */
function served(options: ServedOptions = {}): View {
  return async (ledgers) => {
    const serving = await servedLedgers(ledgers, options);
    return { ledger: serving.ledger('app'), close: () => serving.close() };
  };
}

/** The ledgers of a store that is opened anew for each test. */
export function onEngine(
  openEngine: OpenEngine,
  newUrl: () => string,
  through: (ledger: Ledger) => Ledger = (ledger) => ledger,
): LayerContractSetup {
  return { openLedger: ({ clock }) => openWith(openEngine, newUrl(), clock, seen(through)) };
}

/** The same, behind a server. */
export function onServedEngine(
  openEngine: OpenEngine,
  newUrl: () => string,
  options: ServedOptions = {},
): LayerContractSetup {
  return { openLedger: ({ clock }) => openWith(openEngine, newUrl(), clock, served(options)) };
}

function inMemory(openEngine: OpenEngine, scheme: string, view = same): LayerContractSetup {
  return {
    openLedger({ clock }) {
      stores += 1;
      return openWith(openEngine, `${scheme}:layers-${stores}`, clock, view);
    },
  };
}

function onDisk(view = same): LayerContractSetup {
  return {
    openLedger({ clock }) {
      stores += 1;
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-layers-'));
      const url = `file:${join(folder, 'store.db')}`;
      const remove = () => rmSync(folder, { recursive: true });
      return openWith(openSqliteEngine, url, clock, view, remove);
    },
  };
}

/** SQLite behind a server, and what the options put in between. */
export function onServedDisk(options: ServedOptions): LayerContractSetup {
  return onDisk(served(options));
}

/** Those of every check: no network, and each rule of a layer met in each way that differs. */
export const setups: Readonly<Record<string, LayerContractSetup>> = {
  memory: inMemory(openMemoryEngine, 'memory'),
  hostile: inMemory((url, options) => openHostileEngine(url, options, faults), 'hostile'),
  sqlite: onDisk(),
  'memory through a wire': inMemory(openMemoryEngine, 'memory', wired),
};

/** What `npm test` adds: both ends of a connection, on an engine that makes them wait. */
export const servedSetups: Readonly<Record<string, LayerContractSetup>> = {
  'sqlite through a server': onDisk(served()),
};
