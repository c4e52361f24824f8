/** Where a searching test keeps its stores, and how it sees their app from there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { openMemoryEngine } from '../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import type { Ledger, Ledgers } from '../../src/ledger/index.ts';
import { loopback } from '../../src/testing/index.ts';
import { servedLedgers } from '../served/serving.ts';

export interface Ground {
  open(url: string, options: EngineOptions): Promise<Engine>;
  /** A store that nobody else has. */
  newStore(): { readonly url: string; remove(): void | Promise<void> };
  /** The app as a process of its own sees it. */
  view(ledgers: Ledgers): Promise<{ readonly ledger: Ledger; close(): Promise<void> }>;
  /** Whether answers come from outside of this process, not with the turns of its event loop. */
  readonly isFar: boolean;
}

function seenThrough(through: (ledger: Ledger) => Ledger): Ground['view'] {
  return async (ledgers) => ({
    ledger: through(ledgers.ledger('app')),
    close: () => Promise.resolve(),
  });
}

export const plainView = seenThrough((ledger) => ledger);

/** The ground itself, through the protocol, and behind a server. */
export function throughAWire(ground: Ground): Ground {
  return { ...ground, view: seenThrough(loopback) };
}

export function throughAServer(ground: Ground): Ground {
  return {
    ...ground,
    isFar: true,
    async view(ledgers) {
      const serving = await servedLedgers(ledgers);
      return { ledger: serving.ledger('app'), close: () => serving.close() };
    },
  };
}

let stores = 0;

export function inMemory(scheme: string, open: Ground['open']): Ground {
  return {
    open,
    newStore() {
      stores += 1;
      return { url: `${scheme}:ground-${stores}`, remove: () => undefined };
    },
    view: plainView,
    isFar: false,
  };
}

export const memory = inMemory('memory', openMemoryEngine);

export const sqlite: Ground = {
  open: openSqliteEngine,
  newStore() {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-ground-'));
    return { url: `file:${folder}/store.db`, remove: () => rmSync(folder, { recursive: true }) };
  },
  view: plainView,
  isFar: false,
};
