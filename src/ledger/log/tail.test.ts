import { expect, test } from 'vitest';
import { openMemoryEngine } from '../../engine/memory/index.ts';
import { systemClock } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import { seededRandom } from '../../internal/random.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import type { Ledger } from '../ledger.ts';
import { openLedgers } from '../ledgers.ts';
import { origin } from '../position.ts';

const set = (ledger: Ledger, value: unknown) =>
  ledger.commit({ mutations: [{ kind: 'set', scope: 's', key: 'k', value }] });

/**
 * A store whose next reading waits, and tells that it does: of the log when it has read, of entries
 * before it does.
 */
async function heldStore(name: string, clock: Clock = systemClock) {
  const random = seededRandom(1);
  const shared = { cacheBytes: 0, busyTimeoutMs: 0, mustExist: false, readOnly: false };
  const engine = await openMemoryEngine(`memory:${name}`, { clock, random, ...shared });
  type Reading = 'log' | 'read';
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
      if (field !== 'log' && field !== 'read') return call;
      return async (...args: unknown[]) => {
        if (field === 'read') await pass(field);
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
  const store = await heldStore('tail-leaves');
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
  const store = await heldStore('tail-erases');
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
  const store = await heldStore('tail-trims-page', clock);
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
  const store = await heldStore('tail-trims-ring', clock);
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

test('a large value that is being erased is told as erased', async () => {
  const store = await heldStore('tail-erases-large');
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
