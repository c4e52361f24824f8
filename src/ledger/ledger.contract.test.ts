import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { noFaults, openHostileEngine } from '../engine/hostile/index.ts';
import type { HostileFaults } from '../engine/hostile/index.ts';
import type { Engine, EngineOptions } from '../engine/index.ts';
import { openMemoryEngine } from '../engine/memory/index.ts';
import { openSqliteEngine } from '../engine/sqlite/index.ts';
import { seededRandom } from '../internal/random.ts';
import type { Random } from '../internal/random.ts';
import { ManualClock, ledgerContract, loopback, pressing } from '../testing/index.ts';
import type { LedgerContractSetup, OpenedLedgers } from '../testing/index.ts';
import { openLedgers } from './ledgers.ts';
import type { LedgersOptions } from './ledgers.ts';

interface Kind {
  url(number: number): string;
  open(url: string, options: EngineOptions): Promise<Engine>;
  /** Behind the wire, without a network. */
  readonly remote?: boolean;
  /** Decides every fault of an engine that has some. */
  readonly random?: Random;
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-ledger-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stores = 0;

function opener(kind: Kind): LedgerContractSetup['open'] {
  return (options) => {
    stores += 1;
    const url = kind.url(stores);
    const random = kind.random ?? seededRandom(stores);
    const clock = new ManualClock();
    const openOne = async (given: LedgersOptions = {}): Promise<OpenedLedgers> => {
      const shared = { cacheBytes: 100_000, busyTimeoutMs: 0, mustExist: false, readOnly: false };
      const engine = await kind.open(url, { clock: pressing(clock), random, ...shared });
      const ledgers = openLedgers(engine, { clock: pressing(clock), random, ...given });
      const ledger = (app: string) => {
        const direct = ledgers.ledger(app);
        return kind.remote === true ? loopback(direct) : direct;
      };
      return { ledgers, clock, ledger, reopen: openOne };
    };
    return openOne(options);
  };
}

const memory: Kind = { url: (number) => `memory:ledger-${number}`, open: openMemoryEngine };
const sqlite: Kind = {
  url: (number) => `file:${join(folder, `${number}.db`)}`,
  open: openSqliteEngine,
};

ledgerContract('memory', { open: opener(memory) });
ledgerContract('memory, through the wire', { open: opener({ ...memory, remote: true }) });
ledgerContract('sqlite', { open: opener(sqlite) });

const repeated = 'a repeated call hands in what the caller’s object has become';
const repeats = {
  'a value that is changed after the call was what it was at the call': repeated,
  'a proposal that is changed after the call was what it was at the call': repeated,
  'refs that are changed after the call were what they were': repeated,
  'what a conflict returned is detached from what was proposed': repeated,
  'a watch without a position begins now': 'a repeated call begins later',
  'relaxed commits are flushed at the latest after flushMs': 'a flush that failed is tried again',
  'an erasure says what it found': 'a repeated erasure finds what the first one left',
  'more proposals than may wait are refused, and the others are not': 'some are repeated later',
};

function hostileContract(seed: number, faults: HostileFaults): void {
  const open: Kind['open'] = (url, options) => openHostileEngine(url, options, faults);
  const url = (number: number) => `hostile:ledger-${number}`;
  ledgerContract(`hostile, seed ${seed}`, {
    faults: faults.errorBefore > 0,
    open: opener({ url, open, random: seededRandom(seed) }),
    skip: faults.errorBefore > 0 ? repeats : {},
  });
}

const lostAnswers: HostileFaults = {
  ...noFaults,
  staleReads: 0.4,
  repeatedDecide: 0.3,
  unknownOutcome: 0.2,
  errorAfter: 0.1,
  delay: 0.3,
  doubledHints: 0.3,
};

hostileContract(1, lostAnswers);
hostileContract(2, { ...lostAnswers, errorBefore: 0.1 });
