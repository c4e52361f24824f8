/** Work that is asked for again and again, and done once. */
import { expect } from 'vitest';
import { Idempotency } from '../../layers/recipes/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { computation, passing, turns } from './computations.ts';

export function idempotencyContract(contract: LayerContract): void {
  contract.test('many callers in two processes run it once, and get one result', async (world) => {
    const all = [world.app, await world.another()].map((app) => new Idempotency(app, 'orders'));
    let ran = 0;
    const work = async () => {
      ran += 1;
      await turns(3);
      return { ran };
    };
    const outcomes = await Promise.all(
      all.flatMap((once) => Array.from({ length: 10 }, () => once.run('order-1', work))),
    );
    expect(ran).toBe(1);
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
    for (const { value } of outcomes) expect(value).toEqual({ ran: 1 });
  });

  contract.test('the effects of a transaction happen once', async (world) => {
    const all = [world.app, await world.another()].map((app) => {
      return { once: new Idempotency(app, 'transfers'), accounts: app.scope<number>('accounts') };
    });
    const outcomes = await Promise.all(
      all.flatMap(({ once, accounts }) =>
        Array.from({ length: 8 }, () =>
          once.transact('t-1', async (tx) => {
            const balance = (await tx.scope(accounts).get('ada', 0)) + 10;
            await tx.scope(accounts).set('ada', balance);
            return balance;
          }),
        ),
      ),
    );
    expect(new Set(outcomes.map(({ value }) => value))).toEqual(new Set([10]));
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await world.app.scope('accounts').get('ada')).toBe(10);
  });

  contract.test('what failed is run again', async ({ app }) => {
    const once = new Idempotency(app, 'orders');
    const down = new Error('down');
    await expect(once.run('k', () => Promise.reject(down))).rejects.toBe(down);
    await expect(
      once.transact('k', () => {
        throw down;
      }),
    ).rejects.toBe(down);
    expect(await once.run('k', () => 1)).toEqual({ value: 1, replayed: false });
    expect(await once.transact('k', () => 2)).toEqual({ value: 1, replayed: true });
    await expect(once.run('j', () => 1n)).rejects.toMatchObject({ code: 'invalid_value' });
    expect(await once.run('j', () => undefined)).toEqual({ value: undefined, replayed: false });
    expect(await once.run('j', () => 1)).toEqual({ value: undefined, replayed: true });
  });

  contract.test('another request under the same key is refused', async ({ app }) => {
    const once = new Idempotency(app, 'orders');
    await once.run('k', () => 1, { fingerprint: 'a' });
    const reused = { code: 'stamp_reused', outcome: 'not-applied' };
    await expect(once.run('k', () => 2, { fingerprint: 'b' })).rejects.toMatchObject(reused);
    await expect(once.run('k', () => 2)).rejects.toMatchObject(reused);
    await expect(once.transact('k', () => 2)).rejects.toMatchObject(reused);
    expect((await once.run('k', () => 2, { fingerprint: 'a' })).value).toBe(1);
  });

  contract.test('the first caller gets what the repeats get', async ({ app }) => {
    const once = new Idempotency(app, 'orders');
    const given = { a: 1, dropped: undefined };
    const first = await once.run('k', () => given);
    expect(first.value).not.toBe(given);
    expect(Object.keys(first.value)).toEqual(['a']);
    expect((await once.run('k', () => given)).value).toEqual({ a: 1 });
  });

  contract.timed('a result is kept for its time', async ({ app }, clock) => {
    const once = new Idempotency(app, 'orders', { ttlMs: 1000 });
    await once.run('k', () => 1);
    clock.advance(999);
    expect((await once.run('k', () => 2)).value).toBe(1);
    clock.advance(1);
    expect((await once.run('k', () => 2)).value).toBe(2);
    await once.forget('k');
    expect((await once.run('k', () => 3)).value).toBe(3);
  });

  contract.timed('a process that died is succeeded after its lease', async (world, clock) => {
    const claim = { scope: '$once/orders', key: 'c/k', value: 'dead', ttlMs: 2000 };
    await world.ledger.commit({ mutations: [{ kind: 'set', ...claim }] });
    const once = new Idempotency(world.app, 'orders', { leaseMs: 2000 });
    let ran = 0;
    const outcome = once.run('k', () => (ran += 1));
    await turns();
    await clock.pass(1900);
    expect(ran).toBe(0);
    expect(await passing(outcome, clock)).toEqual({ value: 1, replayed: false });
  });

  contract.timed('of two that ran all the same the first result counts', async (world, clock) => {
    const [a, b] = [world.app, await world.another()].map((app) => {
      return new Idempotency(app, 'orders', { leaseMs: 3000 });
    }) as [Idempotency, Idempotency];
    const paused = computation<string>();
    const late = a.run('k', () => paused.compute('k', new AbortController().signal));
    await paused.started;
    // As if the first process had been paused beyond its lease.
    const mutations = [{ kind: 'delete', scope: '$once/orders', key: 'c/k' }] as const;
    await world.ledger.commit({ mutations });
    const other = b.run('k', () => 'b');
    expect(await passing(other, clock)).toEqual({ value: 'b', replayed: false });
    paused.finish('a');
    expect(await passing(late, clock)).toEqual({ value: 'b', replayed: true });
  });
}
