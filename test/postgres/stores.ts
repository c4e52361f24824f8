/** Opening stores on the server of the run, each in a schema of its own. */
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { systemRandom } from '../../src/internal/random.ts';

export const defaults: EngineOptions = {
  clock: systemClock,
  random: systemRandom,
  cacheBytes: 0,
  busyTimeoutMs: 10_000,
  mustExist: false,
  readOnly: false,
};

/** A name that no other test takes, in whatever process it runs. */
export function newSchema(): string {
  return `s_${systemRandom.hex(8)}`;
}

/** `url` for a new store of its own; connections are few, as many tests run at once. */
export function storeUrl(url: string, query: Readonly<Record<string, string>> = {}): string {
  const at = new URL(url);
  for (const [name, value] of Object.entries({ schema: newSchema(), poolSize: '4', ...query })) {
    at.searchParams.set(name, value);
  }
  return at.href;
}

export function open(url: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  return openPostgresEngine(url, { ...defaults, ...options });
}
