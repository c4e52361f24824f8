/** Opens a hostile engine over memory: `hostile:` (its own store) or `hostile:NAME` (shared). */
import type { EngineOptions } from '../index.ts';
import { openMemoryEngine } from '../memory/index.ts';
import { Dice, skewedClock } from './faults.ts';
import type { HostileFaults } from './faults.ts';
import { HostileEngine } from './hostile-engine.ts';

/** `options.random` decides every fault: seed it to repeat a run. */
export async function openHostileEngine(
  url: string,
  options: EngineOptions,
  faults: HostileFaults,
): Promise<HostileEngine> {
  const { random } = options;
  const clock = skewedClock(options.clock, random, faults.clockSkewMs);
  const engine = await openMemoryEngine(url.replace(/^hostile:/, 'memory:'), {
    ...options,
    clock,
  });
  return new HostileEngine(engine, new Dice(faults, random, options.clock));
}
