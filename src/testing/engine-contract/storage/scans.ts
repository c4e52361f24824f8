/** E1, E3 for ranges: byte order, bounds, direction, paging. */
import { expect } from 'vitest';
import type { ScanRange } from '../../../engine/index.ts';
import { seededRandom } from '../../../internal/random.ts';
import type { Contract, World } from '../contract.ts';
import { byBytes, bytesOf, commit, put, remove, scanAll } from '../writing.ts';

type Range = Partial<ScanRange>;

/** In UTF-8 byte order; by UTF-16 units the two before the last would come last. */
const ordered = ['!', 'A', 'Z', 'a', 'a b', 'aa', 'b', 'é', '\ud7ff', '\ue000', '\uff00'].concat([
  '\u{10000}',
  '\u{1f600}',
  '\u{10ffff}',
]);

async function filled(world: World) {
  const engine = await world.open();
  const changes = [...ordered].reverse().map((key) => put('s', key, `c-${key}`));
  await commit(engine, 'app', [...changes, put('r', 'zzz'), put('s/', 'a'), put('t', 'a')]);
  return async (range: Range = {}) => {
    const entries = await scanAll(engine, 'app', { scope: 's', ...range });
    return entries.map(({ key }) => key);
  };
}

export function scansContract(contract: Contract): void {
  order(contract);
  bounds(contract);
  paging(contract);
  model(contract);
}

function order(contract: Contract): void {
  contract.test('a scan is in the order of UTF-8 bytes, astral characters last', async (world) => {
    const keys = await filled(world);
    expect(await keys()).toEqual(ordered);
  });

  contract.test('a reverse scan is the same order backwards', async (world) => {
    const keys = await filled(world);
    expect(await keys({ reverse: true })).toEqual([...ordered].reverse());
  });

  contract.test('a scan sees one scope alone', async (world) => {
    const keys = await filled(world);
    expect(await keys({ scope: 's/' })).toEqual(['a']);
    expect(await keys({ scope: 'missing' })).toEqual([]);
  });

  contract.test('a scan returns whole entries with the moment they belong to', async (world) => {
    const engine = await world.open();
    const fields = { expiresAt: 5, schema: 3, external: true };
    const { base, time } = await commit(engine, 'app', [put('s', 'k', 'C', fields)]);
    const range = { scope: 's', reverse: false, limit: 10, keysOnly: false };
    const scan = await engine.scan('app', range);
    const { entries } = await engine.read('app', [{ scope: 's', key: 'k' }]);
    expect(scan.entries).toEqual(entries);
    expect(scan.entries[0]).toMatchObject(fields);
    expect(scan.head).toMatchObject({ revision: base + 1, time });
    expect(scan.time).toBeGreaterThanOrEqual(time);
  });

  contract.test('keysOnly leaves the content empty and everything else as it is', async (world) => {
    const engine = await world.open();
    const changes = [put('s', 'a', 'text'), put('s', 'b', Uint8Array.of(1, 2))];
    await commit(engine, 'app', changes);
    const full = await scanAll(engine, 'app', { scope: 's' });
    const bare = await scanAll(engine, 'app', { scope: 's', keysOnly: true });
    expect(bare.map(({ content }) => content.length)).toEqual([0, 0]);
    const withoutContent = (entry: object) => ({ ...entry, content: '' });
    expect(bare.map(withoutContent)).toEqual(full.map(withoutContent));
    expect(bytesOf(full[1]!.content)).toEqual([1, 2]);
  });

  contract.test(
    'deleted entries leave a scan, expired ones stay until they are swept',
    async (world) => {
      const engine = await world.open();
      await commit(engine, 'app', [
        put('s', 'a'),
        put('s', 'b'),
        put('s', 'c', 'c', { expiresAt: 1 }),
      ]);
      await commit(engine, 'app', [remove('s', 'a')]);
      const entries = await scanAll(engine, 'app', { scope: 's' });
      expect(entries.map(({ key }) => key)).toEqual(['b', 'c']);
    },
  );
}

function bounds(contract: Contract): void {
  contract.test('from is inclusive and to is exclusive, in both directions', async (world) => {
    const keys = await filled(world);
    expect(await keys({ from: 'a', to: 'b' })).toEqual(['a', 'a b', 'aa']);
    expect(await keys({ from: 'a', to: 'b', reverse: true })).toEqual(['aa', 'a b', 'a']);
    expect(await keys({ from: 'é', to: '\u{1f600}' })).toEqual([
      'é',
      '\ud7ff',
      '\ue000',
      '\uff00',
      '\u{10000}',
    ]);
    expect(await keys({ from: '\uff01' })).toEqual(['\u{10000}', '\u{1f600}', '\u{10ffff}']);
    expect(await keys({ to: 'A' })).toEqual(['!']);
  });

  contract.test('after is exclusive in the direction of the scan', async (world) => {
    const keys = await filled(world);
    expect(await keys({ after: 'é' })).toEqual(ordered.slice(8));
    expect(await keys({ after: 'é', reverse: true })).toEqual(ordered.slice(0, 7).reverse());
    expect(await keys({ after: 'a a' })).toEqual(ordered.slice(4));
    expect(await keys({ after: 'a a', reverse: true })).toEqual(ordered.slice(0, 4).reverse());
  });

  contract.test('after narrows the bounds and never widens them', async (world) => {
    const keys = await filled(world);
    const range = { from: 'Z', to: 'é' };
    expect(await keys({ ...range, after: 'A' })).toEqual(ordered.slice(2, 7));
    expect(await keys({ ...range, after: 'a' })).toEqual(['a b', 'aa', 'b']);
    expect(await keys({ ...range, after: 'é' })).toEqual([]);
    const reverse = { ...range, reverse: true };
    expect(await keys({ ...reverse, after: '\uff00' })).toEqual(ordered.slice(2, 7).reverse());
    expect(await keys({ ...reverse, after: 'a b' })).toEqual(['a', 'Z']);
    expect(await keys({ ...reverse, after: 'Z' })).toEqual([]);
  });

  contract.test('bounds that leave nothing give an empty page', async (world) => {
    const keys = await filled(world);
    for (const reverse of [false, true]) {
      expect(await keys({ from: 'b', to: 'b', reverse })).toEqual([]);
      expect(await keys({ from: 'c', to: 'a', reverse })).toEqual([]);
      expect(await keys({ from: 'ab', to: 'ac', reverse })).toEqual([]);
    }
    expect(await keys({ after: '\u{10ffff}' })).toEqual([]);
    expect(await keys({ after: '!', reverse: true })).toEqual([]);
  });

  contract.test('bounds of 1,024 bytes are compared to the last byte', async (world) => {
    const engine = await world.open();
    const stem = 'k'.repeat(1023);
    await commit(engine, 'app', [put('s', `${stem}a`), put('s', `${stem}b`), put('s', stem)]);
    const keys = async (range: Range) =>
      (await scanAll(engine, 'app', { scope: 's', ...range })).map(({ key }) => key.slice(1023));
    expect(await keys({})).toEqual(['', 'a', 'b']);
    expect(await keys({ from: `${stem}a`, to: `${stem}b` })).toEqual(['a']);
    expect(await keys({ after: `${stem}b`, reverse: true })).toEqual(['a', '']);
  });
}

function paging(contract: Contract): void {
  contract.test('pages of any size add up to the whole, in both directions', async (world) => {
    const keys = await filled(world);
    for (const limit of [1, 2, 5, ordered.length, 100]) {
      expect(await keys({ limit })).toEqual(ordered);
      expect(await keys({ limit, reverse: true })).toEqual([...ordered].reverse());
    }
  });

  contract.test('a page holds at least one entry if there is one, however large', async (world) => {
    const engine = await world.open();
    const large = 'x'.repeat(3_000_000);
    for (const key of ['a', 'b', 'c']) await commit(engine, 'app', [put('s', key, large)]);
    const entries = await scanAll(engine, 'app', { scope: 's', limit: 1000 });
    expect(entries.map(({ key, content }) => [key, content.length])).toEqual(
      ['a', 'b', 'c'].map((key) => [key, 3_000_000]),
    );
  });

  contract.test('a large scope is scanned through', async (world) => {
    const engine = await world.open();
    const keys = Array.from({ length: 3000 }, (_, index) => `k${String(index).padStart(5, '0')}`);
    for (let start = 0; start < keys.length; start += 1000) {
      const part = keys.slice(start, start + 1000);
      await commit(
        engine,
        'app',
        part.map((key) => put('s', key, '')),
      );
    }
    const entries = await scanAll(engine, 'app', { scope: 's', limit: 700 });
    expect(entries.map(({ key }) => key)).toEqual(keys);
  });
}

function model(contract: Contract): void {
  contract.test('any range equals the sorted and filtered keys', async (world) => {
    const random = seededRandom(20_240_501);
    const alphabet = ['a', 'b', 'é', '\ue000', '\uff00', '\u{1f600}', '\u{10ffff}', '%', '_'];
    const pick = <T>(from: readonly T[]) => from[Math.floor(random.float() * from.length)]!;
    const key = () =>
      Array.from({ length: 1 + Math.floor(random.float() * 4) }, () => pick(alphabet)).join('');
    const keys = [...new Set(Array.from({ length: 120 }, key))];
    const engine = await world.open();
    await commit(
      engine,
      'app',
      keys.map((each) => put('s', each)),
    );
    const gone = new Set(keys.filter(() => random.float() < 0.2));
    await commit(
      engine,
      'app',
      [...gone].map((each) => remove('s', each)),
    );
    const left = keys.filter((each) => !gone.has(each)).sort(byBytes);

    const maybe = () =>
      random.float() < 0.5 ? (random.float() < 0.5 ? pick(keys) : key()) : undefined;
    for (let turn = 0; turn < 60; turn += 1) {
      const [from, to, after] = [maybe(), maybe(), maybe()];
      const reverse = random.float() < 0.5;
      const limit = 1 + Math.floor(random.float() * 40);
      const within = left.filter(
        (each) =>
          (from === undefined || byBytes(each, from) >= 0) &&
          (to === undefined || byBytes(each, to) < 0) &&
          (after === undefined || (reverse ? byBytes(each, after) < 0 : byBytes(each, after) > 0)),
      );
      const found = await scanAll(engine, 'app', { scope: 's', from, to, after, reverse, limit });
      const question = JSON.stringify({ from, to, after, reverse });
      expect([question, ...found.map((entry) => entry.key)]).toEqual([
        question,
        ...(reverse ? within.reverse() : within),
      ]);
    }
  });
}
