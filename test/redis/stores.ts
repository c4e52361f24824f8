/** Opening stores of their own on a server that all test files share. */
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { openRedisEngine } from '../../src/engine/redis/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { systemRandom } from '../../src/internal/random.ts';
import { plainView } from '../robustness/grounds.ts';
import type { Ground } from '../robustness/grounds.ts';

export const defaults: EngineOptions = {
  clock: systemClock,
  random: systemRandom,
  cacheBytes: 1 << 20,
  busyTimeoutMs: 5000,
  mustExist: false,
  readOnly: false,
};

let stores = 0;

/** The URL of a store that nobody else has. */
export function newStore(url: string): string {
  stores += 1;
  return `${url}?prefix=test-${process.pid}-${stores}`;
}

export function openEngine(url: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  return openRedisEngine(url, { ...defaults, ...options });
}

/** Stores for a searching test. */
export function groundOn(server: string): Ground {
  return {
    open: openRedisEngine,
    newStore: () => ({ url: newStore(server), remove: () => undefined }),
    view: plainView,
    isFar: true,
  };
}
