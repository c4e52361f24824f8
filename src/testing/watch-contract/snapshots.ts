/** What is there, then what comes: no gap between the two. */
import { expect } from 'vitest';
import type { Watch } from '../../layers/watch/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { nextEvent, takeChanges, tell } from './acts.ts';

/** Pulls the whole snapshot: `scope/key` to value. */
async function snapshot<Out>(watch: Watch<Out>): Promise<Map<string, Out>> {
  const found = new Map<string, Out>();
  for (;;) {
    const event = await nextEvent(watch);
    if (event.kind !== 'snapshot') throw new Error(`a snapshot was cut by '${event.kind}'`);
    for (const { scope, key, value } of event.entries) found.set(`${scope}/${key}`, value);
    if (event.isLast) return found;
  }
}

export function watchSnapshotContract(contract: LayerContract): void {
  contract.test('a snapshot of nothing says so', async ({ app }) => {
    for (const place of [{}, { scope: 's' }, { scope: 's', key: 'k' }]) {
      const watch = app.watch({ ...place, snapshot: true });
      expect(await nextEvent(watch)).toMatchObject({ kind: 'snapshot', entries: [], isLast: true });
      await watch.return();
    }
  });

  contract.test('each place begins with its entries', async ({ app }) => {
    await app.scope('s').setMany({ a: 1, ab: 2, b: 3 });
    await app.scope('t').set('a', 4);
    const places = [
      [{}, { 's/a': 1, 's/ab': 2, 's/b': 3, 't/a': 4 }],
      [{ scope: 's' }, { 's/a': 1, 's/ab': 2, 's/b': 3 }],
      [
        { scope: 's', prefix: 'a' },
        { 's/a': 1, 's/ab': 2 },
      ],
      [{ scope: 's', key: 'a' }, { 's/a': 1 }],
      [{ scope: 't', keysOnly: true }, { 't/a': undefined }],
    ] as const;
    for (const [place, expected] of places) {
      const watch = app.watch({ ...place, snapshot: true });
      expect(Object.fromEntries(await snapshot(watch))).toEqual(expected);
      await watch.return();
    }
  });

  contract.test('the changes since follow, none twice and none left out', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.setMany(Array.from({ length: 900 }, (_, n) => [`k${n}`, 0] as const));
    const watch = scope.watch({ snapshot: true });
    const first = await nextEvent(watch);
    expect(first).toMatchObject({ kind: 'snapshot', isLast: false });
    await scope.set('k899', 1);
    await scope.delete('k898');
    await scope.set('new', 2);
    const rest = await snapshot(watch);
    expect([rest.get('s/k899'), rest.get('s/k898'), rest.has('s/new')]).toEqual([0, 0, false]);
    expect((await takeChanges(watch, 3)).map(tell)).toEqual([
      'updated s/k899 1 was 0',
      'deleted s/k898 was 0',
      'created s/new 2',
    ]);
    await watch.return();
  });

  contract.test('a snapshot of an app is of one moment, emptied scopes included', async (world) => {
    const { app } = world;
    await app.scope('a').set('k', 1);
    await app.scope('b').set('k', 1);
    await app.scope('c').set('k', 1);
    const watch = app.watch({ snapshot: true });
    const first = await nextEvent(watch);
    expect(first).toMatchObject({ kind: 'snapshot', isLast: false });
    await app.scope('b').delete('k');
    await app.scope('c').set('k', 2);
    const rest = await snapshot(watch);
    expect(Object.fromEntries(rest)).toEqual({ 'b/k': 1, 'c/k': 1 });
    expect((await takeChanges(watch, 2)).map(tell)).toEqual([
      'deleted b/k was 1',
      'updated c/k 2 was 1',
    ]);
    await watch.return();
  });

  contract.test('folding a watch gives the state, while many write', async ({ app, another }) => {
    const other = await another();
    const writers = [app, other].map(async (writer, who) => {
      const scope = writer.scope<number>('s');
      for (let n = 0; n < 60; n += 1) {
        if (n % 7 === 3) await scope.delete(`k${(n * 5) % 11}`);
        else await scope.set(`k${(n * (who + 2)) % 11}`, n);
      }
    });
    const watch = other.scope<number>('s').watch({ snapshot: true });
    const state = await snapshot(watch);
    await Promise.all(writers);
    const { revision } = await app
      .scope('s')
      .set('end', -1)
      .then(({ position }) => position);
    while ((watch.position?.revision ?? 0) < revision) {
      const event = await nextEvent(watch);
      for (const change of event.kind === 'changes' ? event.changes : []) {
        const at = `${change.scope}/${change.key}`;
        if (change.value === undefined) state.delete(at);
        else state.set(at, change.value);
      }
    }
    const expected = new Map<string, number>();
    for await (const { key, value } of app.scope<number>('s').entries()) {
      expected.set(`s/${key}`, value);
    }
    expect(state).toEqual(expected);
    await watch.return();
  });
}
