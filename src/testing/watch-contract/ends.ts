/** How a watch ends, and what it says when it cannot go on. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { nextEvent, takeChanges, tell, turns } from './acts.ts';

const day = 24 * 60 * 60 * 1000;

export function watchEndContract(contract: LayerContract): void {
  contract.timed(
    'behind the log it is `trimmed`, with the head to start from',
    async (w, clock) => {
      const scope = w.app.scope<number>('s');
      const { position } = await scope.set('a', 1);
      await scope.set('b', 1);
      const stuck = scope.watch({ after: position });
      clock.advance(2 * day);
      await w.upkeep();
      await scope.set('c', 1);
      const { position: head } = await w.ledger.head();
      expect(await nextEvent(stuck)).toEqual({ kind: 'trimmed', head });
      expect(await stuck.next()).toEqual({ done: true, value: undefined });
      const again = scope.watch({ snapshot: true });
      expect(await nextEvent(again)).toMatchObject({ position: head });
      await again.return();
    },
  );

  contract.timed('a watch that has seen everything outlives the log', async (world, clock) => {
    const scope = world.app.scope<number>('s');
    await scope.set('a', 1);
    const watch = scope.watch({ snapshot: true });
    await watch.next();
    const next = takeChanges(watch, 1);
    await turns();
    clock.advance(2 * day);
    await world.upkeep();
    await scope.set('b', 1);
    expect((await next).map(tell)).toEqual(['created s/b 1']);
    await watch.return();
  });

  contract.test('a position of a future that is lost is `regressed`', async ({ app }) => {
    const { position } = await app.scope('s').set('a', 1);
    const { incarnation, revision } = position;
    for (const after of [
      { incarnation, revision: revision + 1 },
      { incarnation: 'another history', revision },
    ]) {
      const watch = app.watch({ after });
      expect(await nextEvent(watch)).toEqual({ kind: 'regressed', head: position });
      expect((await watch.next()).done).toBe(true);
    }
  });

  contract.test(
    'leaving a loop, `return` and the signal end it, also while it waits',
    async (w) => {
      const scope = w.app.scope<number>('s');
      const { position } = await scope.set('a', 1);
      await scope.set('b', 1);
      for await (const event of scope.watch({ after: position })) {
        expect(event.kind).toBe('changes');
        break;
      }
      const stop = new AbortController();
      const watches = [scope.watch(), scope.watch({ signal: stop.signal })];
      const waiting = watches.map((watch) => watch.next());
      await turns();
      await watches[0]?.return();
      stop.abort();
      expect(await Promise.all(waiting)).toMatchObject([{ done: true }, { done: true }]);
      expect(await scope.watch({ signal: stop.signal }).next()).toMatchObject({ done: true });
    },
  );

  contract.test(
    'a handler gets one event after the other, and stops when told',
    async ({ app }) => {
      const scope = app.scope<number>('s');
      const { position } = await app.ledger.head();
      const seen: unknown[] = [];
      let running = 0;
      const watching = scope.watch({ after: position, batchMax: 1 }, async (event) => {
        running += 1;
        expect(running).toBe(1);
        await turns(3);
        if (event.kind === 'changes') seen.push(...event.changes.map(({ value }) => value));
        running -= 1;
      });
      for (let n = 0; n < 10; n += 1) await scope.set('k', n);
      while (seen.length < 10) await turns(1);
      await watching.stop();
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await scope.set('k', 99);
      await turns();
      expect(seen).toHaveLength(10);
      await watching.ended;
    },
  );

  contract.test('a handler that throws ends its watch and tells why', async ({ app }) => {
    const scope = app.scope<number>('s');
    const { position } = await app.ledger.head();
    const watching = scope.watch({ after: position }, () => {
      throw new Error('no');
    });
    await scope.set('k', 1);
    await expect(watching.ended).rejects.toThrow('no');
  });
}
