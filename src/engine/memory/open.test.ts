import { describe, expect, it } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import { systemRandom } from '../../internal/random.ts';
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

function open(url: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  return openMemoryEngine(url, { ...defaults, ...options });
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return isHoldfastError(error) ? error.code : 'none';
}

const stamp = { member: 'm', sequence: 1 };

describe('openMemoryEngine', () => {
  it('keeps private stores apart', async () => {
    const [one, other] = [await open('memory:'), await open('memory:')];
    await one.heartbeat('m', 60_000);
    expect((await other.members()).members).toEqual([]);
  });

  it('keeps a named store from the first open to the last close', async () => {
    const one = await open('memory:kept');
    const two = await open('memory:kept', { mustExist: true });
    await one.heartbeat('m', 60_000);
    await one.close();
    await one.close();
    expect((await two.members()).members).toHaveLength(1);
    await two.close();
    expect(await codeOf(open('memory:kept', { mustExist: true }))).toBe('store_missing');
    const three = await open('memory:kept');
    expect((await three.members()).members).toEqual([]);
    await three.close();
  });

  it('refuses malformed names and private stores that must exist', async () => {
    expect(await codeOf(open('memory://host/x'))).toBe('invalid_argument');
    expect(await codeOf(open(`memory:${'x'.repeat(65)}`))).toBe('invalid_argument');
    expect(await codeOf(open('memory:', { mustExist: true }))).toBe('store_missing');
  });

  it('refuses writes through a handle that only reads', async () => {
    const engine = await open('memory:', { readOnly: true });
    expect(await codeOf(engine.transact([], { stamp, durability: 'sync' }))).toBe(
      'store_read_only',
    );
    expect(await codeOf(engine.heartbeat('m', 1))).toBe('store_read_only');
    expect(await codeOf(engine.resolve('app', stamp))).toBe('store_read_only');
    expect((await engine.read('app', [])).head.revision).toBe(0);
  });
});
