/** Cursors: all pages of a scan show the state of the first, whatever was committed since. */
import { expect } from 'vitest';
import type { Ledger, Page, Entry, ScanQuery } from '../../../ledger/index.ts';
import { drop, increment, logOf, refusal, runDuties, scanAll, set, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];

function fill(app: Ledger) {
  return write(app, ...keys.map((key) => set(key, `old ${key}`)));
}

function pairs(entries: readonly Entry[]): unknown[] {
  return entries.map(({ key, value }) => [key, value.decode()]);
}

/** The pages behind the first, each no larger than the limit. */
async function rest(app: Ledger, query: ScanQuery, first: Page<Entry>): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let { cursor } = first; cursor !== undefined;) {
    const page: Page<Entry> = await app.scan({ ...query, cursor });
    expect(page.items.length).toBeLessThanOrEqual(query.limit!);
    expect(page.position).toEqual(first.position);
    found.push(...page.items);
    ({ cursor } = page);
  }
  return found;
}

export function cursorsContract(contract: LedgerContract): void {
  for (const reverse of [false, true]) {
    const way = reverse ? 'backwards' : 'forwards';
    contract.test(`later pages show the first page’s state, ${way}`, async (world) => {
      const { app } = await world.start();
      await fill(app);
      const query = { scope: 's', limit: 2, reverse };
      const whole = await scanAll(app, query);
      const first = await app.scan(query);
      await write(app, set('c', 'new c'), set('e', 'new e'), drop('d'), drop('a'), drop('f'));
      await write(app, set('cc', 1), set('0', 1), set('z', 1), set('a', 'again'));
      await write(app, increment('n'), drop('b'), drop('e'));
      expect([...first.items, ...(await rest(app, query, first))]).toEqual(whole);
      expect(pairs(await scanAll(app, { scope: 's' }))).toContainEqual(['a', 'again']);
    });
  }

  contract.test(
    'a page is no larger than its limit when all behind it is deleted',
    async (world) => {
      const { app } = await world.start();
      await fill(app);
      const query = { scope: 's', limit: 1 };
      const first = await app.scan(query);
      await write(app, ...keys.map((key) => drop(key)));
      const found = [...first.items, ...(await rest(app, query, first))];
      expect(found.map(({ key }) => key)).toEqual(keys);
    },
  );

  contract.test('a page of new entries alone does not end the scan', async (world) => {
    const { app } = await world.start();
    await fill(app);
    const query = { scope: 's', limit: 2 };
    const first = await app.scan(query);
    await write(app, ...Array.from({ length: 9 }, (_, index) => set(`b${index}`, 'new')));
    const found = [...first.items, ...(await rest(app, query, first))];
    expect(found.map(({ key }) => key)).toEqual(keys);
  });

  contract.test('prefix and bounds hold for what is rolled back too', async (world) => {
    const { app } = await world.start();
    await write(app, ...['a1', 'a2', 'a3', 'a4', 'b1'].map((key) => set(key, 1)));
    const query = { scope: 's', prefix: 'a', from: 'a1', to: 'a4', limit: 1 };
    const first = await app.scan(query);
    await write(app, ...['a1', 'a2', 'a3', 'a4', 'b1'].map((key) => drop(key)));
    expect((await rest(app, query, first)).map(({ key }) => key)).toEqual(['a2', 'a3']);
  });

  contract.test('large values of the past come with a later page', async (world) => {
    const { app } = await world.start();
    const old = { text: 'o'.repeat(9000), n: 0 };
    await write(app, set('a', 1), set('b', old), set('c', old));
    const query = { scope: 's', limit: 1 };
    const first = await app.scan(query);
    const operations = [{ op: 'increment', path: ['n'] }];
    await write(app, { kind: 'update', scope: 's', key: 'b', operations } as never, drop('c'));
    expect(pairs(await rest(app, query, first))).toEqual([
      ['b', old],
      ['c', old],
    ]);
  });

  contract.test('what has died since the first page is left out, swept or not', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    await write(
      app,
      set('a', 1),
      set('b', 2, { ttlMs: 10 }),
      set('c', 3, { ttlMs: 10 }),
      set('d', 4),
    );
    const query = { scope: 's', limit: 1 };
    const first = await app.scan(query);
    clock.advance(10);
    expect(pairs(await rest(app, query, first))).toEqual([['d', 4]]);
    await write(app, set('b', 'new'));
    await runDuties(opened);
    expect(pairs(await rest(app, query, first))).toEqual([['d', 4]]);
  });

  contract.test('what was erased since the first page is left out', async (world) => {
    const { app } = await world.start();
    await fill(app);
    const query = { scope: 's', limit: 2 };
    const first = await app.scan(query);
    await app.erase({ scope: 's', key: 'd' });
    expect((await rest(app, query, first)).map(({ key }) => key)).toEqual(['c', 'e', 'f']);
  });

  contract.test('a cursor whose state the log forgot is trimmed, not wrong', async (world) => {
    const opened = await world.start({ retention: { ms: 10 } });
    const { app, clock } = opened;
    await fill(app);
    const first = await app.scan({ scope: 's', limit: 2 });
    await write(app, drop('c'));
    clock.advance(11);
    await runDuties(opened);
    await refusal('trimmed', () => app.scan({ scope: 's', limit: 2, cursor: first.cursor }));
  });

  contract.test('a pin keeps a long scan going', async (world) => {
    const opened = await world.start({ retention: { ms: 10 } });
    const { app, clock } = opened;
    await fill(app);
    const query = { scope: 's', limit: 2 };
    const first = await app.scan(query);
    await app.pin('scan', first.position, 1000);
    await write(app, drop('c'), set('d', 'new'));
    clock.advance(11);
    await runDuties(opened);
    expect(pairs(await rest(app, query, first))).toEqual(
      ['c', 'd', 'e', 'f'].map((key) => [key, `old ${key}`]),
    );
  });

  contract.test('a scan of a moving scope sees one state of it', async (world) => {
    const { app, clock } = await world.start();
    const names = Array.from({ length: 30 }, (_, index) => `k${String(index).padStart(2, '0')}`);
    await write(app, ...names.map((key) => set(key, 0)));
    const turns: number[] = [];
    const writing = (async () => {
      for (let turn = 1; turn <= 60; turn += 1) {
        const gone = names[turn % 30]!;
        const moved = names.filter((key) => key !== gone).map((key) => set(key, turn));
        await write(app, ...moved, drop(gone));
        turns.push(turn);
      }
    })();
    for (let scans = 0; scans < 5 || turns.length < 60; scans += 1) {
      const seen = await scanAll(app, { scope: 's', limit: 4 });
      expect(new Set(seen.map(({ value }) => value.decode())).size).toBe(1);
      expect(seen.length).toBe(seen[0]!.value.decode() === 0 ? 30 : 29);
      // Lets the writer on, where reading never waits for the event loop.
      await new Promise<void>((resolve) => clock.soon(resolve));
    }
    await writing;
    expect((await logOf(app)).length).toBe(61);
  });
}
