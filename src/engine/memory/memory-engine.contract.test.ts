import { systemClock } from '../../internal/clock.ts';
import { systemRandom } from '../../internal/random.ts';
import { engineContract } from '../../testing/index.ts';
import type { Engine } from '../engine.ts';
import type { EngineOptions } from '../registry.ts';
import { openMemoryEngine } from './index.ts';

const defaults: EngineOptions = {
  clock: systemClock,
  random: systemRandom,
  cacheBytes: 0,
  busyTimeoutMs: 0,
  mustExist: false,
  readOnly: false,
};

const urls = new WeakMap<Engine, string>();
let stores = 0;

async function open(url: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await openMemoryEngine(url, { ...defaults, ...options });
  urls.set(engine, url);
  return engine;
}

engineContract('memory', {
  open: (options) => open(`memory:test-${(stores += 1)}`, options),
  reopen: (engine, options) => open(urls.get(engine) ?? '', options),
  supports: {
    shared: true,
    persistent: false,
    injectedClock: true,
    hints: true,
    grouped: true,
    faults: false,
  },
});
