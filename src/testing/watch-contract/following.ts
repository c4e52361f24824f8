/** Every matching change once and in order, from wherever one begins. */
import { expect } from 'vitest';
import type { Position } from '../../ledger/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { userSchema } from '../hand-made-schemas.ts';
import { nextChanges, takeChanges, tell, turns } from './acts.ts';

export function watchFollowingContract(contract: LayerContract): void {
  contract.test('a watch begins at the moment of the call', async ({ app }) => {
    const scope = app.scope<number>('s');
    await scope.set('before', 1);
    const watch = scope.watch();
    // Nobody has asked for an event yet.
    while (watch.position === undefined) await turns(1);
    await scope.set('after', 1);
    expect((await takeChanges(watch, 1)).map(tell)).toEqual(['created s/after 1']);
    await watch.return();
  });

  contract.test('each place gets what matches it and nothing else', async ({ app }) => {
    const { position } = await app.ledger.head();
    const places = [
      [{}, ['created s/a 1', 'created s/ab 2', 'created t/a 3', 'deleted s/a was 1']],
      [{ scope: 's' }, ['created s/a 1', 'created s/ab 2', 'deleted s/a was 1']],
      [{ scope: 's', key: 'a' }, ['created s/a 1', 'deleted s/a was 1']],
      [{ scope: 's', prefix: 'ab' }, ['created s/ab 2']],
      [{ kinds: ['deleted'] }, ['deleted s/a was 1']],
      [{ scope: 's', keysOnly: true }, ['created s/a', 'created s/ab', 'deleted s/a']],
    ] as const;
    const live = places.map(([place]) => app.watch({ ...place, after: position }));
    const taking = live.map((watch, index) => takeChanges(watch, places[index]?.[1].length ?? 0));
    await app.scope('s').set('a', 1);
    await app.scope('s').set('ab', 2);
    await app.scope('t').set('a', 3);
    await app.list('of a layer').append('hidden');
    await app.scope('s').delete('a');
    for (const [index, changes] of (await Promise.all(taking)).entries()) {
      expect(changes.map(tell)).toEqual(places[index]?.[1]);
    }
    for (const [place, expected] of places) {
      const later = app.watch({ ...place, after: position });
      expect((await takeChanges(later, expected.length)).map(tell)).toEqual(expected);
      await later.return();
    }
    for (const watch of live) await watch.return();
  });

  contract.test('the scopes of layers show only to who asks for them', async ({ app }) => {
    const { position } = await app.ledger.head();
    const watch = app.watch({ internal: true, kinds: ['created'], after: position });
    const changes = watch.next();
    await app.list('l').append('item');
    expect((await changes).value).toMatchObject({ kind: 'changes' });
    await watch.return();
  });

  contract.test('the changes of one commit stay together, whatever the batch', async ({ app }) => {
    const { position } = await app.ledger.head();
    const scope = app.scope<number>('s');
    for (let n = 0; n < 3; n += 1) await scope.setMany({ a: n, b: n, c: n });
    const watch = scope.watch({ after: position, batchMax: 4 });
    const sizes: number[] = [];
    const positions: Position[] = [];
    for (let event = 0; event < 3; event += 1) {
      const { changes, position: at } = await nextChanges(watch);
      sizes.push(changes.length);
      positions.push(at);
    }
    expect(sizes).toEqual([3, 3, 3]);
    expect(new Set(positions.map(({ revision }) => revision)).size).toBe(3);
    const resumed = scope.watch({ after: positions[0] });
    expect((await takeChanges(resumed, 6)).map(({ value }) => value)).toEqual([1, 1, 1, 2, 2, 2]);
    await watch.return();
    await resumed.return();
  });

  contract.test('a slow consumer gets everything, in larger events', async ({ app }) => {
    const scope = app.scope<number>('s');
    const { position } = await app.ledger.head();
    const watch = scope.watch({ after: position });
    const first = watch.next();
    await scope.set('n', 0);
    await first;
    for (let n = 1; n <= 30; n += 1) await scope.set('n', n);
    const rest = await takeChanges(watch, 30);
    expect(rest.map(({ value }) => value)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    const next = takeChanges(watch, 1);
    await scope.set('n', 99);
    expect((await next).map(tell)).toEqual(['updated s/n 99 was 30']);
    await watch.return();
  });

  contract.timed('batchMs waits for more before it hands out', async ({ app }, clock) => {
    const scope = app.scope<number>('s');
    const { position } = await app.ledger.head();
    const watch = scope.watch({ after: position, batchMs: 50 });
    const state = { isDone: false };
    const taking = takeChanges(watch, 2).finally(() => {
      state.isDone = true;
    });
    await scope.set('a', 1);
    await scope.set('b', 2);
    await turns(50);
    expect(state.isDone).toBe(false);
    while (!state.isDone) await clock.pass(50);
    expect((await taking).map(tell)).toEqual(['created s/a 1', 'created s/b 2']);
    await watch.return();
  });

  contract.test('what one watcher does to a value, no other sees', async ({ app }) => {
    const scope = app.scope<{ n: number }>('s');
    const { position: after } = await app.ledger.head();
    const watches = [scope.watch({ after }), scope.watch({ after })];
    const taking = watches.map((watch) => takeChanges(watch, 1));
    await scope.set('k', { n: 1 });
    const [[one], [other]] = (await Promise.all(taking)) as [never[], never[]];
    (one as unknown as { value: { n: number } }).value.n = 7;
    expect((other as unknown as { value: { n: number } }).value).toEqual({ n: 1 });
    expect(await scope.get('k')).toEqual({ n: 1 });
    for (const watch of watches) await watch.return();
  });

  contract.test(
    'a schema makes what is seen; what it refuses throws where it is read',
    async (w) => {
      const users = w.app.scope('users', { schema: userSchema });
      const watch = users.watch();
      await w.app.ledger.head();
      await users.set('ada', { name: 'Ada' });
      await w.app.scope('users').set('odd', 'text');
      await users.set('bob', { name: 'Bob' });
      const [ada, odd, bob] = await takeChanges(watch, 3);
      expect(ada?.value).toEqual({ name: 'Ada', visits: 0 });
      expect(() => odd?.value).toThrow(expect.objectContaining({ code: 'schema_mismatch' }));
      expect(bob?.value).toEqual({ name: 'Bob', visits: 0 });
      await watch.return();
    },
  );

  contract.test('actor, cause, time and position come with a change', async ({ app }) => {
    const { position: after } = await app.ledger.head();
    const watch = app.watch({ after });
    const next = takeChanges(watch, 1);
    const terms = { actor: 'ada', cause: { kind: 'request', id: '7' } };
    const { position } = await app.with(terms).scope('s').set('k', 1);
    const [change] = await next;
    expect(change).toMatchObject({ ...terms, position, scope: 's', key: 'k' });
    expect(JSON.parse(JSON.stringify(change))).toMatchObject({ kind: 'created', value: 1 });
    expect(watch.position).toEqual(position);
    await watch.return();
  });

  contract.timed('an expiry is one change, at its moment', async ({ app, upkeep }, clock) => {
    const scope = app.scope<number>('s', { ttlMs: 1000 });
    const { position } = await app.ledger.head();
    await scope.set('k', 1);
    clock.advance(1000);
    await upkeep();
    const watch = scope.watch({ after: position });
    expect((await takeChanges(watch, 2)).map(tell)).toEqual(['created s/k 1', 'expired s/k was 1']);
    await watch.return();
  });

  contract.test('another process sees what this one writes', async ({ app, another }) => {
    const other = await another();
    const watch = other.scope<number>('s').watch({ snapshot: true });
    await watch.next();
    const next = takeChanges(watch, 1);
    await app.scope('s').set('k', 1);
    expect((await next).map(tell)).toEqual(['created s/k 1']);
    await watch.return();
  });
}
