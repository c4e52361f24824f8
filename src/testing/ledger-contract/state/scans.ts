/** Scans: one scope, in the order of UTF-8 bytes, within bounds. */
import { expect } from 'vitest';
import { keysOf, scanAll, set, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

/** In the order of their UTF-8 bytes, which JavaScript's `<` gets wrong above U+FFFF. */
const ordered = [
  '\u0001',
  ' ',
  '/',
  'A',
  'a',
  'a\u0001',
  'a/b',
  'aa',
  'b',
  'é',
  '\ud7ff',
  '\ue000',
  '\uff00',
  '\uffff',
  '😀',
  '😀a',
  '😁',
  '\u{10fffe}',
  '\u{10ffff}',
  '\u{10ffff}a',
  '\u{10ffff}\u{10ffff}',
];

export function scansContract(contract: LedgerContract): void {
  contract.test(
    'keys come in the order of their UTF-8 bytes, and backwards in reverse',
    async (world) => {
      const { app } = await world.start();
      const shuffled = ordered.toSorted((a, b) => ((a.length * 7) % 5) - ((b.length * 7) % 5));
      await write(app, ...shuffled.toReversed().map((key) => set(key, key)));
      expect(await keysOf(app, { scope: 's' })).toEqual(ordered);
      expect(await keysOf(app, { scope: 's', reverse: true })).toEqual(ordered.toReversed());
      const entries = await scanAll(app, { scope: 's', limit: 4 });
      expect(entries.map(({ value }) => value.decode())).toEqual(ordered);
    },
  );

  contract.test('pages of every size join to the whole, both ways', async (world) => {
    const { app } = await world.start();
    await write(app, ...ordered.map((key) => set(key, 1)));
    for (let limit = 1; limit <= ordered.length + 1; limit += 1) {
      expect(await keysOf(app, { scope: 's', limit })).toEqual(ordered);
      expect(await keysOf(app, { scope: 's', limit, reverse: true })).toEqual(ordered.toReversed());
    }
  });

  contract.test(
    'a page has no more than its limit, and no cursor behind the end',
    async (world) => {
      const { app } = await world.start();
      await write(app, ...['a', 'b', 'c'].map((key) => set(key, 1)));
      const first = await app.scan({ scope: 's', limit: 2 });
      expect(first.items.map(({ key }) => key)).toEqual(['a', 'b']);
      const second = await app.scan({ scope: 's', limit: 2, cursor: first.cursor });
      expect(second.items.map(({ key }) => key)).toEqual(['c']);
      expect(second.cursor).toBeUndefined();
      const empty = await app.scan({ scope: 'nothing here' });
      expect([empty.items, empty.cursor]).toEqual([[], undefined]);
      expect(empty.position).toEqual((await app.head()).position);
    },
  );

  contract.test('a prefix matches exactly the keys that start with it', async (world) => {
    const { app } = await world.start();
    await write(app, ...ordered.map((key) => set(key, 1)));
    const prefixes = ['', ...ordered, 'ab', '\ud7ff\ud7ff', '\uffff\uffff', '\u{10ffff}'];
    for (const prefix of prefixes) {
      const expected = ordered.filter((key) => key.startsWith(prefix));
      expect(await keysOf(app, { scope: 's', prefix })).toEqual(expected);
      expect(await keysOf(app, { scope: 's', prefix, reverse: true, limit: 2 })).toEqual(
        expected.toReversed(),
      );
    }
  });

  contract.test('from is inclusive and to is exclusive, wherever they lie', async (world) => {
    const { app } = await world.start();
    await write(app, ...ordered.map((key) => set(key, 1)));
    const points = [...ordered, '', '\0', 'a\u0000', '😀\u0000', 'zz'];
    const rank = (text: string) => Buffer.from(text);
    for (const from of points.slice(0, 12)) {
      for (const to of points.slice(8)) {
        const expected = ordered.filter(
          (key) =>
            Buffer.compare(rank(key), rank(from)) >= 0 && Buffer.compare(rank(key), rank(to)) < 0,
        );
        expect(await keysOf(app, { scope: 's', from, to })).toEqual(expected);
        expect(await keysOf(app, { scope: 's', from, to, reverse: true })).toEqual(
          expected.toReversed(),
        );
      }
    }
  });

  contract.test('bounds and prefix narrow each other', async (world) => {
    const { app } = await world.start();
    await write(app, ...['a1', 'a2', 'a3', 'b1'].map((key) => set(key, 1)));
    expect(await keysOf(app, { scope: 's', prefix: 'a', from: 'a2' })).toEqual(['a2', 'a3']);
    expect(await keysOf(app, { scope: 's', prefix: 'a', to: 'a3' })).toEqual(['a1', 'a2']);
    expect(await keysOf(app, { scope: 's', prefix: 'a', from: '', to: 'z' })).toHaveLength(3);
    expect(await keysOf(app, { scope: 's', prefix: 'a', from: 'b' })).toEqual([]);
    expect(await keysOf(app, { scope: 's', from: 'b', to: 'a' })).toEqual([]);
  });

  contract.test('a scan sees its own scope only, however scopes are called', async (world) => {
    const { app, ledger } = await world.start();
    const scopes = ['s', 's2', 'S', 's/1', 's\n', 'é', '$layer/s'];
    for (const scope of scopes) await write(app, set('k', scope, { scope }));
    await write(ledger('other'), set('foreign', 1));
    for (const scope of scopes) {
      const found = await scanAll(app, { scope });
      expect(found.map(({ key, value }) => [key, value.decode()])).toEqual([['k', scope]]);
    }
  });

  contract.test('a page that falls on dead entries goes on behind them', async (world) => {
    const { app, clock } = await world.start();
    await write(app, ...['a', 'b', 'c', 'd'].map((key) => set(key, 1, { ttlMs: 10 })), set('e', 1));
    clock.advance(10);
    expect(await keysOf(app, { scope: 's', limit: 2 })).toEqual(['e']);
    expect(await keysOf(app, { scope: 's', limit: 2, reverse: true })).toEqual(['e']);
  });
}
