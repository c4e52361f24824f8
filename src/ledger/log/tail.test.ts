import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine, EngineOptions } from '../../engine/index.ts';
import { openMemoryEngine } from '../../engine/memory/index.ts';
import { openSqliteEngine } from '../../engine/sqlite/index.ts';
import { systemClock } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import { seededRandom } from '../../internal/random.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import type { Ledger } from '../ledger.ts';
import { openLedgers } from '../ledgers.ts';
import { origin } from '../position.ts';

const set = (ledger: Ledger, value: unknown) =>
  ledger.commit({ mutations: [{ kind: 'set', scope: 's', key: 'k', value }] });

let stores = 0;

/**
 * A store whose next reading waits, and tells that it does: of the log when it has read, of
 * anything else before it does.
 */
async function heldStore(
  name: string,
  clock: Clock = systemClock,
  open: (url: string, options: EngineOptions) => Promise<Engine> = openMemoryEngine,
) {
  stores += 1;
  const random = seededRandom(stores);
  const shared = { cacheBytes: 0, busyTimeoutMs: 0, mustExist: false, readOnly: false };
  const engine = await open(name, { clock, random, ...shared });
  type Reading = 'log' | 'read' | 'incarnations';
  let gate: { of: Reading; reached(): void; readonly opened: Promise<void> } | undefined;
  const pass = async (reading: Reading): Promise<void> => {
    if (gate?.of !== reading) return;
    const here = gate;
    gate = undefined;
    here.reached();
    await here.opened;
  };
  const held = new Proxy(engine, {
    get(target, field) {
      const found: unknown = Reflect.get(target, field);
      if (typeof found !== 'function') return found;
      const call = (found as (...args: unknown[]) => unknown).bind(target);
      if (field !== 'log' && field !== 'read' && field !== 'incarnations') return call;
      return async (...args: unknown[]) => {
        if (field !== 'log') await pass(field);
        const page = await call(...args);
        if (field === 'log') await pass(field);
        return page;
      };
    },
  });
  const retention = { ms: 1000 };
  const ledgers = openLedgers(held, { clock, random, retention, sweepMs: 0 });
  return {
    ledger: ledgers.ledger('app'),
    upkeep: () => ledgers.runDuties(),
    close: () => ledgers.close(),
    hold(of: Reading = 'log') {
      const reached = Promise.withResolvers<void>();
      const opened = Promise.withResolvers<void>();
      gate = { of, reached: reached.resolve, opened: opened.promise };
      return { reached: reached.promise, open: opened.resolve };
    },
  };
}

/** Until a watcher that has seen all waits for more. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise<void>((resolve) => systemClock.soon(resolve));
  }
}

async function valuesOf(watch: AsyncIterator<unknown>, count: number): Promise<unknown[]> {
  const values: unknown[] = [];
  while (values.length < count) {
    const { value: page } = (await watch.next()) as {
      value: { commits: { changes: { value: { decode(): unknown } }[] }[] };
    };
    for (const { changes } of page.commits) {
      for (const { value } of changes) values.push(value.decode());
    }
  }
  return values;
}

test('what is read while the last watcher leaves is not all for the next one', async () => {
  const store = await heldStore('memory:tail-leaves');
  const { ledger } = store;
  await set(ledger, 1);
  const { position } = await ledger.head();
  const first = ledger.watch({ after: origin })[Symbol.asyncIterator]();
  expect(await valuesOf(first, 1)).toEqual([1]);
  await set(ledger, 2);
  expect(await valuesOf(first, 1)).toEqual([2]);
  const waiting = first.next();
  await rest();
  const held = store.hold();
  await set(ledger, 3);
  await held.reached;
  await first.return?.();
  const second = ledger.watch({ after: position })[Symbol.asyncIterator]();
  const seen = valuesOf(second, 2);
  await Promise.resolve();
  held.open();
  expect(await seen).toEqual([2, 3]);
  expect((await waiting).done).toBe(true);
  await second.return?.();
  await store.close();
});

test('what is read while an entry is erased is read again before it is shown', async () => {
  const store = await heldStore('memory:tail-erases');
  const { ledger } = store;
  const { position } = await ledger.head();
  const watch = ledger.watch({ after: position })[Symbol.asyncIterator]();
  const next = watch.next();
  await rest();
  const held = store.hold();
  await set(ledger, 'secret');
  await held.reached;
  await ledger.erase({ scope: 's', key: 'k' });
  held.open();
  expect(JSON.stringify(await next)).not.toContain('secret');
  await watch.return?.();
  await store.close();
});

const large = 'x'.repeat(6000);

test('a large value that is trimmed behind its row is `trimmed`, not missing', async () => {
  const clock = new ManualClock();
  const store = await heldStore('memory:tail-trims-page', clock);
  const { ledger } = store;
  await set(ledger, large);
  await set(ledger, 'small');
  const held = store.hold();
  const page = ledger.log(origin);
  await held.reached;
  clock.advance(2000);
  await store.upkeep();
  held.open();
  expect((await page).kind).toBe('trimmed');
  await store.close();
});

test('the same, for a watcher who was told of the row from memory', async () => {
  const clock = new ManualClock();
  const store = await heldStore('memory:tail-trims-ring', clock);
  const { ledger } = store;
  await set(ledger, 'first');
  const { position } = await ledger.head();
  const watch = ledger.watch({ after: position })[Symbol.asyncIterator]();
  const next = watch.next();
  await rest();
  const held = store.hold('read');
  await set(ledger, large);
  await held.reached;
  await set(ledger, 'small');
  clock.advance(2000);
  await store.upkeep();
  held.open();
  expect(await next).toMatchObject({ value: { kind: 'trimmed' } });
  await store.close();
});

test('what is trimmed while the incarnations are asked for has not regressed', async () => {
  const clock = new ManualClock();
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tail-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // Memory forgets no incarnation.
  const process = () => heldStore(`file:${join(folder, 'store.db')}`, clock, openSqliteEngine);
  const first = await process();
  await set(first.ledger, 1);
  const { position } = await first.ledger.head();
  const second = await process();
  await set(second.ledger, 2);
  await set(second.ledger, 3);
  const reader = await process();
  const held = reader.hold('incarnations');
  const page = reader.ledger.log(position);
  await held.reached;
  clock.advance(2000);
  await second.upkeep();
  held.open();
  expect((await page).kind).toBe('trimmed');
  for (const store of [reader, second, first]) await store.close();
});

test('a large value that is being erased is told as erased', async () => {
  const store = await heldStore('memory:tail-erases-large');
  const { ledger } = store;
  await set(ledger, large);
  // The value goes before the rows that name it are rewritten.
  const held = store.hold();
  const erased = ledger.erase({ scope: 's', key: 'k' });
  await held.reached;
  const page = await ledger.log(origin);
  held.open();
  await erased;
  const changes = page.kind === 'commits' ? page.commits.flatMap((one) => one.changes) : [];
  expect(changes.map(({ kind, value, erased: isErased }) => [kind, value, isErased])).toEqual([
    ['created', undefined, true],
    ['deleted', undefined, true],
  ]);
  await store.close();
});
