/** One holder at a time, and none too late. */
import { expect } from 'vitest';
import { Locks } from '../../layers/recipes/index.ts';
import { App } from '../../store/index.ts';
import { seededRandom } from '../../internal/random.ts';
import type { LayerContract } from '../layer-world.ts';
import { ManualClock } from '../manual-clock.ts';
import { passing, turns } from './computations.ts';

export function locksContract(contract: LayerContract): void {
  contract.test('a lock has one holder, in two processes and many callers', async (world) => {
    const apps = [world.app, await world.another()];
    const all = apps.map((app) => new Locks(app));
    let holders = 0;
    let most = 0;
    const tokens: number[] = [];
    await Promise.all(
      all.flatMap((locks) =>
        Array.from({ length: 5 }, () =>
          locks.with('l', async (lock) => {
            holders += 1;
            most = Math.max(most, holders);
            tokens.push(lock.token);
            await turns(2);
            holders -= 1;
          }),
        ),
      ),
    );
    expect(most).toBe(1);
    expect(tokens).toHaveLength(10);
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    for (const locks of all) await locks.close();
  });

  contract.test('callers of one process are served in line', async ({ app }) => {
    await using locks = new Locks(app);
    const order: number[] = [];
    const first = await locks.acquire('l');
    const others = [1, 2, 3].map((n) => locks.with('l', () => void order.push(n)));
    await turns(5);
    expect(order).toEqual([]);
    await first.release();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3]);
  });

  contract.test('who does not want to wait is told at once', async (world) => {
    await using a = new Locks(world.app);
    await using b = new Locks(await world.another());
    const held = await a.acquire('l');
    expect(await a.acquire('l', { waitMs: 0 })).toBe(undefined);
    expect(await b.acquire('l', { waitMs: 0 })).toBe(undefined);
    expect((await b.acquire('other', { waitMs: 0 }))?.name).toBe('other');
    expect(await held.release()).toBe(true);
    expect(await held.release()).toBe(false);
    const next = await b.acquire('l', { waitMs: 0 });
    expect(next?.token).toBeGreaterThan(held.token);
  });

  contract.test('a release wakes the other process', async (world) => {
    await using a = new Locks(world.app);
    await using b = new Locks(await world.another());
    const held = await a.acquire('l');
    const waiting = b.acquire('l');
    await turns();
    await held.release();
    expect((await waiting).token).toBeGreaterThan(held.token);
  });

  contract.test('waiting can be aborted, and leaves the line', async ({ app }) => {
    await using locks = new Locks(app);
    const held = await locks.acquire('l');
    const abort = new AbortController();
    const waiting = locks.acquire('l', { signal: abort.signal });
    const behind = locks.acquire('l');
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    await held.release();
    expect((await behind).name).toBe('l');
    await expect(locks.acquire('l', { signal: abort.signal })).rejects.toThrow(/aborted/);
  });

  contract.test('only the holder commits what is fenced', async (world) => {
    const { app } = world;
    const scope = app.scope<number>('s');
    await using locks = new Locks(app);
    const lock = await locks.acquire('l');
    const write = (n: number) => lock.transact((tx) => void tx.scope(scope).set('k', n));
    await write(1);
    expect(await lock.transact((tx) => tx.scope(scope).get('k'))).toBe(1);
    await lock.release();
    expect(lock.signal.aborted).toBe(true);
    const fenced = { code: 'fenced', outcome: 'not-applied' };
    await expect(write(2)).rejects.toMatchObject(fenced);
    await expect(lock.transact(() => 1)).rejects.toMatchObject(fenced);
    const next = await locks.acquire('l');
    await expect(write(3)).rejects.toMatchObject(fenced);
    const commit = (fence: typeof next.fence) =>
      app.ledger.commit({
        checks: [fence],
        mutations: [{ kind: 'set', scope: 's', key: 'k', value: 4 }],
      });
    expect((await commit(lock.fence)).kind).toBe('conflict');
    expect((await commit(next.fence)).kind).toBe('committed');
    expect(await scope.get('k')).toBe(4);
  });

  contract.timed('a process that dies holds the next one up for its time', async (world, clock) => {
    // The dead one's clock stands still: it sends no heartbeat and notices nothing.
    const frozen = new ManualClock(clock.now());
    const dead = App.over(world.ledger, { clock: frozen, random: seededRandom(2) });
    const locks = new Locks(dead, { ttlMs: 3000 });
    const lost = await locks.acquire('l');
    const living = await world.another();
    const alive = new Locks(living, { ttlMs: 3000 });
    const waiting = alive.acquire('l');
    await turns();
    await clock.pass(2900);
    expect(await Promise.race([waiting, turns(20)])).toBe(undefined);
    const won = await passing(waiting, clock);
    expect(won.token).toBeGreaterThan(lost.token);
    expect(lost.signal.aborted).toBe(false);
    const scope = dead.scope<number>('s');
    const late = lost.transact((tx) => void tx.scope(scope).set('k', 1));
    await expect(passing(late, clock)).rejects.toMatchObject({ code: 'fenced' });
    expect(await scope.has('k')).toBe(false);
    expect(await passing(lost.release(), clock)).toBe(false);
    const wanted = living.scope<number>('s');
    await passing(
      won.transact((tx) => void tx.scope(wanted).set('k', 2)),
      clock,
    );
    await passing(Promise.all([alive.close(), locks.close()]), clock);
  });

  contract.test('closing gives up what is held, and refuses more', async (world) => {
    const locks = new Locks(world.app);
    const lock = await locks.acquire('l');
    await locks.close();
    await locks.close();
    expect(lock.signal.aborted).toBe(true);
    await expect(locks.acquire('l')).rejects.toMatchObject({ code: 'closed' });
    await using others = new Locks(await world.another());
    expect(await others.acquire('l', { waitMs: 0 })).not.toBe(undefined);
  });
}
