/** What a step writes to the app is committed with it, or not at all. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { collect } from '../layer-world.ts';
import { runsOf, stepBy } from './acts.ts';

export function appWritesContract(contract: LayerContract): void {
  contract.test('state, app writes and appends are one commit', async (world) => {
    const { app, ledger } = world;
    const [users, log] = [app.scope<number>('users'), app.list<string>('log')];
    await users.setMany({ ada: 1, bob: 1, cy: 1 });
    await using run = await runsOf(world).open('r');
    const before = (await ledger.head()).position;
    const step = run.step();
    const { app: writes } = step.view('a');
    writes.set(users, 'ada', 2);
    writes.update(users, 'bob', [{ op: 'increment' }]);
    writes.delete(users, 'cy');
    writes.append(log, 'x', 'y');
    step.view('b').app.append(log, 'z');
    step.view('b').set('k', 1);
    expect([await users.get('ada'), await log.length()]).toEqual([1, 0]);
    const { position } = await step.commit();
    expect(position.revision).toBe(before.revision + 1);
    expect(await users.getMany(['ada', 'bob', 'cy'])).toEqual([2, 2, undefined]);
    expect(await log.range()).toEqual(['x', 'y', 'z']);
  });

  contract.test('a step that is dropped writes nothing to the app', async (world) => {
    const { app } = world;
    await using run = await runsOf(world).open('r');
    const discarded = run.step();
    discarded.view('a').app.set(app.scope('users'), 'ada', 1);
    discarded.discard();
    const failing = run.step().execute('a', (view) => {
      view.app.append(app.list('log'), 'x');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(await app.scope('users').has('ada')).toBe(false);
    expect(await collect(app.lists())).toEqual([]);
  });

  contract.test('what the app was expected to be is checked at the commit', async (world) => {
    const users = world.app.scope<number>('users');
    const { version } = await users.set('ada', 1);
    await using run = await runsOf(world).open('r');
    const stale = run.step();
    stale.view('a').app.expect(users, 'ada', version);
    stale.view('a').app.set(users, 'ada', 2);
    stale.view('a').set('k', 1);
    await users.set('ada', 9);
    await expect(stale.commit()).rejects.toMatchObject({
      code: 'contended',
      details: { check: { scope: 'users', key: 'ada' } },
    });
    expect([await users.get('ada'), run.state.has('k')]).toEqual([9, false]);
    await stepBy(run, (view) => view.app.expect(users, 'bob', 0));
  });

  contract.test('two executors on one entry of the app conflict, or commute', async (world) => {
    const users = world.app.scope<number>('users');
    await using run = await runsOf(world).open('r');
    const step = run.step();
    step.view('a').app.set(users, 'ada', 1);
    step.view('b').app.delete(users, 'ada');
    await expect(step.commit()).rejects.toMatchObject({
      code: 'step_conflict',
      details: { scope: 'users', key: 'ada', executors: ['a', 'b'] },
    });
    const counting = run.step();
    for (const executor of ['a', 'b']) {
      counting.view(executor).app.update(users, 'ada', [{ op: 'increment' }]);
    }
    await counting.commit();
    expect(await users.get('ada')).toBe(2);
  });

  contract.test('appends of others to the same list only put off the commit', async (world) => {
    const log = world.app.list<string>('log');
    await using run = await runsOf(world).open('r');
    const others = Array.from({ length: 20 }, (_, n) => log.append(`other ${n}`));
    const steps = (async () => {
      for (let n = 0; n < 10; n += 1) await stepBy(run, (view) => view.app.append(log, `own ${n}`));
    })();
    await Promise.all([...others, steps]);
    const items = await log.range();
    expect(items).toHaveLength(30);
    expect(items.filter((item) => item.startsWith('own'))).toEqual(
      Array.from({ length: 10 }, (_, n) => `own ${n}`),
    );
  });

  contract.test('a scope’s quota holds for steps too', async (world) => {
    const few = world.app.scope('few', { quota: { entries: 1 } });
    await using run = await runsOf(world).open('r');
    await stepBy(run, (view) => view.app.set(few, 'a', 1));
    const second = stepBy(run, (view) => {
      view.app.set(few, 'b', 1);
      view.set('k', 1);
    });
    await expect(second).rejects.toMatchObject({ code: 'quota_exceeded' });
    expect([run.state.has('k'), await few.count()]).toEqual([false, 1]);
  });

  contract.test('a scope of another app is refused where it is staged', async (world) => {
    const { app: other } = { app: (await world.another()).scope('users') };
    await using run = await runsOf(world).open('r');
    const { app } = run.step().view('a');
    const refused: unknown = expect.objectContaining({ code: 'invalid_argument' });
    expect(() => app.set(other, 'k', 1)).toThrow(refused);
    expect(() => app.expect(other, 'k', 0)).toThrow(refused);
  });
}
