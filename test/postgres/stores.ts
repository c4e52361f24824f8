/** Opening stores on the server of the run, each in a schema of its own. */
import { Client } from 'pg';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { openPostgresEngine } from '../../src/engine/postgres/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { systemRandom } from '../../src/internal/random.ts';
import { plainView } from '../robustness/grounds.ts';
import type { Ground } from '../robustness/grounds.ts';

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

/** Takes a store and its schema away, for searches that open thousands. */
export async function dropStore(url: string): Promise<void> {
  const at = new URL(url);
  const schema = at.searchParams.get('schema') ?? '';
  at.search = '';
  const client = new Client(at.href);
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(schema)} CASCADE`);
  await client.end();
}

/** Stores for a searching test, taken away after each run. */
export function groundOn(server: string): Ground {
  return {
    open: openPostgresEngine,
    newStore() {
      const url = storeUrl(server);
      return { url, remove: () => dropStore(url) };
    },
    view: plainView,
    isFar: true,
  };
}
