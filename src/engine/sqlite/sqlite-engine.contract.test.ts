import { afterAll } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../internal/clock.ts';
import { systemRandom } from '../../internal/random.ts';
import { engineContract } from '../../testing/index.ts';
import type { Engine } from '../engine.ts';
import type { EngineOptions } from '../registry.ts';
import { openSqliteEngine } from './index.ts';

const defaults: EngineOptions = {
  clock: systemClock,
  random: systemRandom,
  cacheBytes: 1 << 20,
  busyTimeoutMs: 5000,
  mustExist: false,
  readOnly: false,
};

const folder = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const urls = new WeakMap<Engine, string>();
let stores = 0;

async function open(url: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await openSqliteEngine(url, { ...defaults, ...options });
  urls.set(engine, url);
  return engine;
}

engineContract('sqlite', {
  open: (options) => open(`file:${join(folder, `${(stores += 1)}.db`)}`, options),
  reopen: (engine, options) => open(urls.get(engine) ?? '', options),
  supports: {
    shared: true,
    persistent: true,
    injectedClock: true,
    hints: true,
    grouped: true,
    faults: false,
  },
});
