import { systemClock } from '../../internal/clock.ts';
import { seededRandom } from '../../internal/random.ts';
import { engineContract } from '../../testing/index.ts';
import type { Engine } from '../engine.ts';
import type { EngineOptions } from '../registry.ts';
import { noFaults, openHostileEngine } from './index.ts';
import type { HostileFaults } from './index.ts';

const cruel: HostileFaults = {
  staleReads: 0.4,
  repeatedDecide: 0.3,
  unknownOutcome: 0.2,
  errorBefore: 0.1,
  errorAfter: 0.1,
  delay: 0.4,
  lostHints: 0.3,
  doubledHints: 0.3,
  clockSkewMs: 0,
};

let stores = 0;

function contractWith(name: string, seed: number, faults: HostileFaults): void {
  const urls = new WeakMap<Engine, string>();
  const random = seededRandom(seed);
  const open = async (url: string, options: Partial<EngineOptions> = {}) => {
    const defaults = { clock: systemClock, random, cacheBytes: 0, busyTimeoutMs: 0 };
    const all = { ...defaults, mustExist: false, readOnly: false, ...options };
    const engine = await openHostileEngine(url, all, faults);
    urls.set(engine, url);
    return engine;
  };
  engineContract(`hostile, ${name}`, {
    open: (options) => open(`hostile:test-${(stores += 1)}`, options),
    reopen: (engine, options) => open(urls.get(engine) ?? '', options),
    supports: {
      shared: true,
      persistent: false,
      injectedClock: faults.clockSkewMs === 0,
      hints: faults.lostHints === 0,
      grouped: true,
      faults: faults !== noFaults,
    },
  });
}

contractWith('no faults', 1, noFaults);
for (const seed of [2, 3, 4]) contractWith(`seed ${seed}`, seed, cruel);
contractWith('skewed clock, seed 5', 5, { ...cruel, clockSkewMs: 500, lostHints: 0 });
contractWith('delays alone, seed 6', 6, { ...noFaults, delay: 0.9 });
