/** Large values: stored once, apart from their entry, as differences where that saves much. */
import { expect } from 'vitest';
import { limits } from '../../../ledger/index.ts';
import type { Mutation } from '../../../ledger/index.ts';
import {
  drop,
  entryOf,
  logOf,
  rawEntries,
  runDuties,
  scanAll,
  set,
  valueOf,
  valueRows,
  write,
} from '../acts.ts';
import type { LedgerContract, OpenedLedgers } from '../contract.ts';

/** Text whose JSON has `bytes` bytes. */
function text(bytes: number, unit = 'x'): string {
  return unit.repeat((bytes - 2) / Buffer.byteLength(unit));
}

function update(key: string, ...operations: readonly unknown[]): Mutation {
  return { kind: 'update', scope: 's', key, operations } as Mutation;
}

function put(path: readonly string[], value: unknown): unknown {
  return { op: 'set', path, value };
}

/** Forgets all of the log that nobody pins. */
async function forget(opened: OpenedLedgers & { readonly app: OpenedLedgersApp }): Promise<void> {
  opened.clock.advance(11);
  await runDuties(opened);
}

type OpenedLedgersApp = ReturnType<OpenedLedgers['ledger']>;

const brief = { retention: { ms: 10 } };

export function largeValuesContract(contract: LedgerContract): void {
  storing(contract);
  differences(contract);
  forgetting(contract);
}

function storing(contract: LedgerContract): void {
  contract.test(
    'a value of 4,096 bytes stays in its entry, one of 4,097 lies apart',
    async (world) => {
      const opened = await world.start();
      const { app } = opened;
      const edge = limits.inlineValueBytes;
      await write(app, set('in', text(edge)), set('in bytes', new Uint8Array(edge)));
      await write(app, set('ü', text(edge, 'ü')));
      expect(await valueRows(opened)).toBe(0);
      await write(app, set('out', text(edge + 1)));
      expect(await valueRows(opened)).toBe(1);
      await write(app, set('out bytes', new Uint8Array(edge + 1)), set('üü', text(edge + 2, 'ü')));
      expect(await valueRows(opened)).toBe(3);
      const sizes = await scanAll(app, { scope: 's' });
      for (const { key, size, value } of sizes)
        expect(size).toBe(Buffer.byteLength(key) + value.size);
      expect(await valueOf(app, 'out')).toBe(text(edge + 1));
      expect(await valueOf(app, 'out bytes')).toEqual(new Uint8Array(edge + 1));
    },
  );

  contract.test(
    'entry, log and the next previous share one copy of a large value',
    async (world) => {
      const opened = await world.start();
      const { app } = opened;
      await write(app, set('k', `first ${'1'.repeat(20_000)}`));
      await write(app, { kind: 'touch', scope: 's', key: 'k', ttlMs: 5000 });
      await write(app, set('k', `second ${'2'.repeat(20_000)}`));
      await write(app, drop('k'));
      expect(await valueRows(opened)).toBe(2);
      const { logBytes } = await app.head();
      expect(logBytes).toBeLessThan(4000);
      const seen = (await logOf(app)).flatMap(({ changes }) =>
        changes.map(({ value, previous }) => [startOf(value), startOf(previous?.value)]),
      );
      expect(seen).toEqual([
        ['first', undefined],
        ['first', 'first'],
        ['second', 'first'],
        [undefined, 'second'],
      ]);
    },
  );

  contract.test('a scan of keys alone passes large values by', async (world) => {
    const { app } = await world.start();
    await write(app, set('a', 'x'.repeat(9000)), set('b', 1));
    const { items } = await app.scan({ scope: 's', keysOnly: true });
    expect(items.map(({ key, size }) => [key, size])).toEqual([
      ['a', 9003],
      ['b', 2],
    ]);
    for (const item of items) expect(item).not.toHaveProperty('value');
  });

  contract.test(
    'several large values of one entry in one proposal keep the last',
    async (world) => {
      const opened = await world.start();
      const { app } = opened;
      const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(8000));
      await write(app, set('k', one), set('k', two), set('k', three));
      expect(await valueOf(app, 'k')).toBe(three);
      expect(await valueRows(opened)).toBe(1);
    },
  );
}

function startOf(value: { decode(): unknown } | undefined): string | undefined {
  return value === undefined ? undefined : String(value.decode()).split(' ')[0];
}

function differences(contract: LedgerContract): void {
  contract.test('a chain of small updates of a large value stores differences', async (world) => {
    const opened = await world.start();
    const { app } = opened;
    const value: Record<string, unknown> = { text: 'é😀'.repeat(3000), n: 0, last: 'end' };
    await write(app, set('k', value));
    for (let n = 1; n <= 20; n += 1) {
      await write(app, update('k', put(['n'], n)));
      expect(await valueOf(app, 'k')).toEqual({ ...value, n });
    }
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => write(app, update('k', put(['n'], 21 + index)))),
    );
    expect(await valueOf(app, 'k')).toEqual({ ...value, n: 40 });
    const rows = await rawEntries(opened, '$ledger/values');
    const stored = rows.reduce((sum, { content }) => sum + Buffer.byteLength(content as string), 0);
    expect(stored).toBeLessThan(3 * Buffer.byteLength(JSON.stringify(value)));
    const seen = (await logOf(app)).flatMap(({ changes }) =>
      changes.map((change) => (change.value!.decode() as { n: number }).n),
    );
    expect(seen).toEqual(Array.from({ length: 41 }, (_, index) => index));
  });

  contract.test('a difference never tears a surrogate pair', async (world) => {
    const { app } = await world.start();
    const around = 'x'.repeat(5000);
    // Pairs that share their first or their second unit, so that naive ends would cut them.
    const points = ['😀', '😁', '🤀', '𐀀', '😀😀', '😁😀', '', 'a', '😀a', '🤀😀', 'é'];
    const [first, ...rest] = points;
    await write(app, set('k', { around, at: first, end: around }));
    for (const at of [...rest, ...points.toReversed()]) {
      await write(app, update('k', put(['at'], at)));
      const expected = { around, at, end: around };
      expect(await valueOf(app, 'k')).toEqual(expected);
      const last = (await logOf(app)).at(-1)!;
      expect(last.changes[0]!.value!.decode()).toEqual(expected);
    }
  });

  contract.test('a large value changes between text, bytes, small and nothing', async (world) => {
    const opened = await world.start(brief);
    const { app } = opened;
    const large = { text: 'x'.repeat(9000), n: 0 };
    const bytes = new Uint8Array(9000).fill(7);
    const steps: readonly (readonly [Mutation, unknown])[] = [
      [set('k', large), large],
      [update('k', put(['n'], 1)), { ...large, n: 1 }],
      [set('k', bytes), bytes],
      [set('k', 1), 1],
      [set('k', large), large],
      [drop('k'), undefined],
      [set('k', bytes), bytes],
      [set('k', { ...large, n: 5 }), { ...large, n: 5 }],
      [update('k', put(['text'], 'small')), { text: 'small', n: 5 }],
      [update('k', put(['text'], large.text)), { ...large, n: 5 }],
      [
        { kind: 'touch', scope: 's', key: 'k', ttlMs: null },
        { ...large, n: 5 },
      ],
      [update('k', put(['n'], 6)), { ...large, n: 6 }],
    ];
    for (const [mutation, expected] of steps) {
      await write(app, mutation);
      expect(await valueOf(app, 'k')).toEqual(expected);
    }
    const commits = await logOf(app);
    for (const [index, { changes }] of commits.entries()) {
      expect(changes[0]!.value?.decode()).toEqual(steps[index]![1]);
      const before = index === 0 ? undefined : steps[index - 1]![1];
      expect(changes[0]!.previous?.value?.decode()).toEqual(before);
    }
    await forget(opened);
    expect(await valueOf(app, 'k')).toEqual({ ...large, n: 6 });
  });

  contract.test('operations see a large value that is stored as a difference', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', { list: ['x'.repeat(6000)], n: 0 }));
    for (let n = 1; n <= 5; n += 1) {
      await write(app, update('k', { op: 'increment', path: ['n'] }));
      await write(app, update('k', { op: 'append', path: ['list'], value: n }));
    }
    expect(await valueOf(app, 'k')).toEqual({ list: ['x'.repeat(6000), 1, 2, 3, 4, 5], n: 5 });
  });
}

function forgetting(contract: LedgerContract): void {
  contract.test('trimming frees every large value that only the log still named', async (world) => {
    const opened = await world.start(brief);
    const { app } = opened;
    for (let n = 0; n < 5; n += 1) await write(app, set('k', `${n}`.repeat(9000)));
    await write(app, set('gone', 'x'.repeat(9000)));
    await write(app, drop('gone'));
    await write(app, set('dies', 'x'.repeat(9000), { ttlMs: 5 }));
    expect(await valueRows(opened)).toBe(7);
    await forget(opened);
    await forget(opened);
    expect(await valueRows(opened)).toBe(1);
    expect(await valueOf(app, 'k')).toBe('4'.repeat(9000));
    await write(app, drop('k'));
    await forget(opened);
    expect(await valueRows(opened)).toBe(0);
  });

  contract.test('trimming keeps the base of a difference that is still named', async (world) => {
    const opened = await world.start(brief);
    const { app } = opened;
    const value = { text: 'x'.repeat(9000), n: 0 };
    await write(app, set('k', value));
    for (let n = 1; n <= 4; n += 1) await write(app, update('k', put(['n'], n)));
    expect(await valueRows(opened)).toBe(5);
    await forget(opened);
    expect(await valueRows(opened)).toBe(2);
    expect(await valueOf(app, 'k')).toEqual({ ...value, n: 4 });
    await write(app, update('k', put(['n'], 5)), {
      kind: 'touch',
      scope: 's',
      key: 'k',
      ttlMs: 900,
    });
    await forget(opened);
    expect(await valueRows(opened)).toBe(2);
    expect(await valueOf(app, 'k')).toEqual({ ...value, n: 5 });
    await write(app, set('k', 'small'));
    await forget(opened);
    expect(await valueRows(opened)).toBe(0);
    expect(await valueOf(app, 'k')).toBe('small');
  });

  contract.test('large values that change within one group are freed alike', async (world) => {
    const opened = await world.start(brief);
    const { app } = opened;
    const value = { text: 'x'.repeat(9000), n: 0 };
    await Promise.all([
      write(app, set('k', value)),
      ...[1, 2, 3].map((n) => write(app, update('k', put(['n'], n)))),
      write(app, { kind: 'touch', scope: 's', key: 'k', ttlMs: 5000 }),
      write(app, update('k', put(['n'], 4))),
      write(app, set('gone', 'y'.repeat(9000))),
      write(app, drop('gone')),
    ]);
    await forget(opened);
    expect(await valueOf(app, 'k')).toEqual({ ...value, n: 4 });
    expect(await valueRows(opened)).toBe(2);
    await write(app, drop('k'));
    await forget(opened);
    expect(await valueRows(opened)).toBe(0);
  });

  contract.test('an entry whose log is gone keeps its large value', async (world) => {
    const opened = await world.start(brief);
    const { app } = opened;
    const value = 'x'.repeat(9000);
    await write(app, set('k', value));
    await forget(opened);
    expect(await logOf(app, {}, (await app.head()).position)).toEqual([]);
    expect((await entryOf(app, 'k'))!.value.decode()).toBe(value);
  });
}
