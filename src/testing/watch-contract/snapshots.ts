/** What is there, then what comes: no gap between the two. */
import { expect } from 'vitest';
import type { Watch } from '../../layers/watch/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import { App } from '../../store/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { testParts } from '../layer-world.ts';
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

  contract.timed('the dead are in no snapshot, and their end is told', async (world, clock) => {
    const { app, upkeep } = world;
    const scope = app.scope<number>('s');
    await scope.set('short', 1, { ttlMs: 5000 });
    await scope.set('long', 2, { ttlMs: 50_000 });
    clock.advance(5000);
    for (const place of [{}, { scope: 's' }, { scope: 's', key: 'short' }]) {
      const watch = app.watch({ ...place, snapshot: true });
      const found = await snapshot(watch);
      expect([found.has('s/short'), found.get('s/long')]).toEqual([
        false,
        'key' in place ? undefined : 2,
      ]);
      await watch.return();
    }
    const watch = app.watch({ scope: 's', snapshot: true });
    await snapshot(watch);
    await upkeep();
    expect((await takeChanges(watch, 1)).map(tell)).toEqual(['expired s/short was 1']);
    await watch.return();
  });

  contract.test('a log that is cut while a snapshot of an app is read ends it', async (world) => {
    const { ledger } = world;
    await world.app.scope('s').set('k', 1);
    const cut = async () => ({ kind: 'trimmed' as const, head: (await ledger.head()).position });
    const over = Object.create(ledger) as Ledger;
    const bound = ['head', 'scopes', 'scan', 'pin'] as const;
    for (const name of bound) Object.assign(over, { [name]: ledger[name].bind(ledger) });
    Object.assign(over, { name: ledger.name, log: cut });
    const watch = App.over(over, testParts()).watch({ snapshot: true });
    expect(await nextEvent(watch)).toMatchObject({ kind: 'trimmed' });
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
