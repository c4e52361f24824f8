/** Stores of both sides with the same entries, and the values and keys that the questions use. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { seededRandom, systemRandom } from '../../src/internal/random.ts';
import type { Random } from '../../src/internal/random.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { openLedgers } from '../../src/ledger/ledgers.ts';
import type { Ledgers, LedgersOptions } from '../../src/ledger/ledgers.ts';
import { BareStore } from './bare.ts';

export const random: Random = seededRandom(20_261_121);

export function pick(below: number): number {
  return Math.floor(random.float() * below);
}

/** About 200 bytes of JSON, as an agent's fact or message would be. */
export function valueOf(n: number): unknown {
  return {
    id: n,
    role: 'assistant',
    status: n % 3 === 0 ? 'done' : 'open',
    text: 'I have found three flights that match; the cheapest leaves at nine in the morning.',
    tags: ['flight', 'booking'],
    score: n % 100,
    at: 1_760_000_000_000 + n,
  };
}

/**
 * Keys of a million entries, spread over the whole range so that neighbours are not written
 * together.
 */
export function randomKey(n: number): string {
  return ((n * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, '0');
}

export interface Fixture {
  readonly folder: string;
  readonly ledgers: Ledgers;
  readonly ledger: Ledger;
  readonly bare: BareStore;
  close(): Promise<void>;
}

export async function openStore(
  path: string,
  options: LedgersOptions & { readonly cacheBytes?: number } = {},
): Promise<Ledgers> {
  const engine = await openSqliteEngine(`file:${path}`, {
    clock: systemClock,
    random: systemRandom,
    cacheBytes: options.cacheBytes ?? 32 * 1024 * 1024,
    busyTimeoutMs: 10_000,
    mustExist: false,
    readOnly: false,
  });
  return openLedgers(engine, options);
}

/** Both stores with `count` entries in scope `facts` and nothing else. */
export async function openFixture(count: number): Promise<Fixture> {
  const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-bench-'));
  const ledgers = await openStore(join(folder, 'ours.db'), {
    retention: { bytes: 64 * 1024 * 1024 },
  });
  const ledger = ledgers.ledger('bench');
  const bare = new BareStore(join(folder, 'bare.db'));
  for (let start = 0; start < count; start += 1000) {
    const numbers = Array.from(
      { length: Math.min(1000, count - start) },
      (_, index) => start + index,
    );
    bare.commit(numbers.map((n) => ({ scope: 'facts', key: randomKey(n), value: valueOf(n) })));
    await ledger.commit({
      durability: 'relaxed',
      mutations: numbers.map((n) => ({
        kind: 'set',
        scope: 'facts',
        key: randomKey(n),
        value: valueOf(n),
      })),
    });
  }
  async function close(): Promise<void> {
    await ledgers.close();
    bare.close();
    rmSync(folder, { recursive: true });
  }
  return { folder, ledgers, ledger, bare, close };
}
