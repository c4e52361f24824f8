/** Going through a scope in order. */
import { expect } from 'vitest';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

export function iterationContract(contract: LayerContract): void {
  contract.test('keys come in the order of their UTF-8 bytes, and back', async ({ app }) => {
    const scope = app.scope<number>('s');
    const keys = ['a', 'a/1', 'b', 'é', '\uff00', '😀'];
    await scope.setMany(keys.toReversed().map((key, n) => [key, n]));
    expect(await collect(scope.keys({ pageSize: 2 }))).toEqual(keys);
    const back = await collect(scope.keys({ reverse: true, pageSize: 4 }));
    expect(back).toEqual(keys.toReversed());
    expect(await collect(scope.values())).toEqual([5, 4, 3, 2, 1, 0]);
  });

  contract.test('prefix and bounds choose, limit ends', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany({ a: 1, a1: 2, a2: 3, a3: 4, b: 5 });
    const keys = (options: Parameters<typeof scope.keys>[0]) => collect(scope.keys(options));
    expect(await keys({ prefix: 'a' })).toEqual(['a', 'a1', 'a2', 'a3']);
    expect(await keys({ from: 'a1', to: 'a3' })).toEqual(['a1', 'a2']);
    expect(await keys({ prefix: 'a', from: 'a2' })).toEqual(['a2', 'a3']);
    expect(await keys({ reverse: true, limit: 2, pageSize: 1 })).toEqual(['b', 'a3']);
    expect(await keys({ limit: 0 })).toEqual([]);
    expect(await scope.count({ prefix: 'a' })).toBe(4);
    expect(await scope.count({ from: 'a2' })).toBe(3);
    expect(await scope.count()).toBe(5);
  });

  contract.test('an iteration shows the scope as it was at its first page', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany({ a: 1, b: 2, c: 3, d: 4 });
    const seen: [string, number][] = [];
    for await (const { key, value } of scope.entries({ pageSize: 1 })) {
      seen.push([key, value]);
      if (key !== 'a') continue;
      await scope.setMany({ aa: 9, c: 9, e: 9 });
      await scope.delete('d');
    }
    expect(seen).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 4],
    ]);
  });

  contract.test('pages go on where the last one ended, in the same state', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany({ a: 1, b: 2, c: 3 });
    const first = await scope.page({ limit: 2 });
    await scope.set('bb', 9);
    const second = await scope.page({ limit: 2, cursor: first.cursor });
    const keys = [...first.entries, ...second.entries].map(({ key }) => key);
    expect(keys).toEqual(['a', 'b', 'c']);
    const resumed = await collect(scope.keys({ cursor: first.cursor, pageSize: 2 }));
    expect(resumed).toEqual(['c']);
  });

  contract.test('an iteration may be left early', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany({ a: 1, b: 2, c: 3 });
    for await (const key of scope.keys({ pageSize: 1 })) if (key === 'a') break;
    expect(await scope.count()).toBe(3);
  });

  contract.test('scopes are listed with their counts, without those of layers', async ({ app }) => {
    await app.scope('b').setMany({ x: 1, y: 2 });
    await app.scope('a/1').set('x', 1);
    await app.list('a').append('x');
    const scopes = await collect(app.scopes());
    expect(scopes.map(({ scope, entries }) => [scope, entries])).toEqual([
      ['a/1', 1],
      ['b', 2],
    ]);
    expect((await collect(app.scopes({ prefix: 'a' }))).length).toBe(1);
    expect(() => app.scope('$list/a')).toThrow(/starts with '\$'/);
  });
}
