/** The duties of a store that several processes share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteEngine } from '../../engine/sqlite/index.ts';
import { systemRandom } from '../../internal/random.ts';
import { ManualClock, pressing } from '../../testing/index.ts';
import { openLedgers } from '../ledgers.ts';
import type { Ledgers } from '../ledgers.ts';

let folder = '';
const clock = new ManualClock();
/** Waiting for a neighbour on the file takes no time, however still time stands. */
const pressed = pressing(clock);
const opened: Ledgers[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-duties-'));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((ledgers) => ledgers.close()));
  rmSync(folder, { recursive: true });
});

interface Handle {
  readonly ledgers: Ledgers;
  /** Transactions that this handle made. */
  count: number;
}

async function openHandle(): Promise<Handle> {
  const engine = await openSqliteEngine(`file:${join(folder, 'store.db')}`, {
    clock: pressed,
    random: systemRandom,
    cacheBytes: 0,
    busyTimeoutMs: 1000,
    mustExist: false,
    readOnly: false,
  });
  const transact = engine.transact.bind(engine);
  const handle = { ledgers: openLedgers(engine, { clock: pressed }), count: 0 };
  engine.transact = (work, options) => {
    handle.count += 1;
    return transact(work, options);
  };
  opened.push(handle.ledgers);
  return handle;
}

async function setDying(handle: Handle, key: string): Promise<void> {
  const set = { kind: 'set', scope: 's', key, value: 1, ttlMs: 10 } as const;
  await handle.ledgers.ledger('app').commit({ mutations: [set] });
}

/** Lets both sides' timers fire until `key` was made `expired`. */
async function untilSwept(handle: Handle, key: string): Promise<void> {
  const ledger = handle.ledgers.ledger('app');
  for (;;) {
    const page = await ledger.log({ incarnation: '', revision: 0 });
    if (page.kind !== 'commits') throw new Error(page.kind);
    const changes = page.commits.flatMap((commit) => commit.changes);
    if (changes.some((change) => change.key === key && change.kind === 'expired')) return;
    await clock.pass(250);
  }
}

test('one of two processes sweeps, and the other takes over when it leaves', async () => {
  const one = await openHandle();
  await setDying(one, 'first');
  await untilSwept(one, 'first');
  const two = await openHandle();
  await setDying(one, 'second');
  two.count = 0;
  await untilSwept(one, 'second');
  expect(two.count).toBe(0);
  await one.ledgers.close();
  await setDying(two, 'third');
  await untilSwept(two, 'third');
  expect(await two.ledgers.names()).toEqual(['app']);
});

test('a store in which nothing expires makes no transactions of its own', async () => {
  const one = await openHandle();
  const set = { kind: 'set', scope: 's', key: 'k', value: 1 } as const;
  await one.ledgers.ledger('app').commit({ mutations: [set] });
  one.count = 0;
  for (let round = 0; round < 100; round += 1) await clock.pass(250);
  expect(one.count).toBe(0);
});
