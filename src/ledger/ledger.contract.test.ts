import { noFaults, openHostileEngine } from '../engine/hostile/index.ts';
import type { HostileFaults } from '../engine/hostile/index.ts';
import type { Engine, EngineOptions } from '../engine/index.ts';
import { openMemoryEngine } from '../engine/memory/index.ts';
import type { Clock } from '../internal/clock.ts';
import { seededRandom } from '../internal/random.ts';
import type { Random } from '../internal/random.ts';
import { ManualClock, ledgerContract } from '../testing/index.ts';
import type { OpenedLedgers } from '../testing/index.ts';
import { openLedgers } from './ledgers.ts';
import type { LedgersOptions } from './ledgers.ts';

type OpenEngine = (url: string, options: EngineOptions) => Promise<Engine>;

let stores = 0;

/** Waits that only pace a retry take no time: nobody moves the clock for them. */
function pressing(clock: ManualClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, run) => clock.after(delayMs, run),
    soon: (run) => clock.soon(run),
    sleep: () => new Promise((resolve) => clock.soon(resolve)),
  };
}

async function openAt(
  url: string,
  clock: ManualClock,
  random: Random,
  openEngine: OpenEngine,
  options: LedgersOptions = {},
): Promise<OpenedLedgers> {
  const shared = { cacheBytes: 0, busyTimeoutMs: 0, mustExist: false, readOnly: false };
  const engine = await openEngine(url, { clock, random, ...shared });
  const ledgers = openLedgers(engine, { clock: pressing(clock), random, ...options });
  return {
    ledgers,
    clock,
    ledger: (app) => ledgers.ledger(app),
    reopen: (again) => openAt(url, clock, random, openEngine, again),
  };
}

ledgerContract('memory', {
  open: (options) => {
    stores += 1;
    const random = seededRandom(stores);
    return openAt(`memory:ledger-${stores}`, new ManualClock(), random, openMemoryEngine, options);
  },
});

function hostileContract(name: string, seed: number, faults: HostileFaults): void {
  const random = seededRandom(seed);
  ledgerContract(`hostile, ${name}, seed ${seed}`, {
    faults: faults.errorBefore > 0,
    open: (options) => {
      stores += 1;
      const openEngine: OpenEngine = (url, all) => openHostileEngine(url, all, faults);
      return openAt(`hostile:ledger-${stores}`, new ManualClock(), random, openEngine, options);
    },
  });
}

const cruel: HostileFaults = {
  ...noFaults,
  staleReads: 0.4,
  repeatedDecide: 0.3,
  unknownOutcome: 0.2,
  errorAfter: 0.1,
  delay: 0.3,
  doubledHints: 0.3,
};

hostileContract('lost answers', 1, cruel);
hostileContract('lost answers', 2, cruel);
