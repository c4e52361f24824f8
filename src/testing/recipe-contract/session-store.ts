/** How long a session lives, and under which id. */
import { expect } from 'vitest';
import { SessionStore } from '../../layers/recipes/index.ts';
import { userSchema } from '../hand-made-schemas.ts';
import type { LayerContract } from '../layer-world.ts';

export function sessionStoreContract(contract: LayerContract): void {
  contract.timed('a session ends when it was not used for its time to live', async (w, clock) => {
    const sessions = new SessionStore<{ n: number }>(w.app, 'web', { ttlMs: 1000 });
    const id = await sessions.create({ n: 1 });
    for (let use = 0; use < 5; use += 1) {
      clock.advance(900);
      expect(await sessions.get(id)).toEqual({ n: 1 });
    }
    clock.advance(1000);
    expect(await sessions.get(id)).toBe(undefined);
    expect(await sessions.update(id, () => ({ n: 2 }))).toBe(undefined);
    expect(await sessions.rotate(id)).toBe(undefined);
    expect(await sessions.end(id)).toBe(false);
  });

  contract.timed('a use is written once a tenth of the life is over', async (world, clock) => {
    const sessions = new SessionStore(world.app, 'web', { ttlMs: 1000 });
    const id = await sessions.create('data');
    const { position } = await world.ledger.head();
    clock.advance(100);
    for (let use = 0; use < 5; use += 1) await sessions.get(id);
    expect((await world.ledger.head()).position).toEqual(position);
    clock.advance(1);
    for (let use = 0; use < 5; use += 1) await sessions.get(id);
    const after = await world.ledger.head();
    expect(after.position.revision).toBe(position.revision + 1);
  });

  contract.timed('however much it is used, it ends at its greatest age', async (world, clock) => {
    const options = { ttlMs: 1000, maxAgeMs: 2500 };
    const sessions = new SessionStore(world.app, 'web', options);
    let id = await sessions.create('data');
    for (let use = 0; use < 2; use += 1) {
      clock.advance(800);
      expect(await sessions.get(id)).toBe('data');
      id = (await sessions.rotate(id)) ?? '';
    }
    clock.advance(899);
    expect(await sessions.get(id)).toBe('data');
    clock.advance(1);
    expect(await sessions.get(id)).toBe(undefined);
    expect(await sessions.update(id, () => 'more')).toBe(undefined);
    expect(await sessions.rotate(id)).toBe(undefined);
  });

  contract.test('a rotated id is nobody’s, and one rotation wins', async (world) => {
    const [a, b] = [world.app, await world.another()].map((app) => {
      return new SessionStore(app, 'web', { ttlMs: 60_000, maxAgeMs: 600_000 });
    }) as [SessionStore, SessionStore];
    const id = await a.create({ user: 'ada' });
    const next = await Promise.all([a, b, a, b].map((sessions) => sessions.rotate(id)));
    const [won, ...others] = next.filter((one) => one !== undefined);
    expect(others).toEqual([]);
    expect(await b.get(id)).toBe(undefined);
    expect(await b.get(won ?? '')).toEqual({ user: 'ada' });
    expect(await a.end(won ?? '')).toBe(true);
    expect(await b.get(won ?? '')).toBe(undefined);
    expect(await world.ledger.scope('$visitor/web')).toMatchObject({ entries: 0 });
  });

  contract.test('updates of two processes are all kept', async (world) => {
    const stores = [world.app, await world.another()].map((app) => {
      return new SessionStore<{ n: number }>(app, 'web', { ttlMs: 60_000 });
    });
    const id = await stores[0]?.create({ n: 0 });
    const updates = stores.flatMap((sessions) =>
      Array.from({ length: 10 }, () => sessions.update(id ?? '', ({ n }) => ({ n: n + 1 }))),
    );
    await Promise.all(updates);
    expect(await stores[1]?.get(id ?? '')).toEqual({ n: 20 });
  });

  contract.test('ids are not to be found in the store', async ({ app, ledger }) => {
    const sessions = new SessionStore(app, 'web', { ttlMs: 60_000, maxAgeMs: 60_000 });
    const id = await sessions.create({ user: 'ada' });
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const page = await ledger.scan({ scope: '$visitor/web' });
    expect(page.items).toHaveLength(2);
    expect(JSON.stringify(page.items)).not.toContain(id);
    for (const { key } of page.items) expect(await sessions.get(key.slice(2))).toBe(undefined);
  });

  contract.test('data is what its schema says', async ({ app }) => {
    const sessions = new SessionStore(app, 'web', { ttlMs: 60_000, schema: userSchema });
    const id = await sessions.create({ name: 'Ada' });
    expect(await sessions.get(id)).toEqual({ name: 'Ada', visits: 0 });
    const worse = sessions.update(id, (user) => ({ ...user, visits: -1 }));
    await expect(worse).rejects.toMatchObject({ code: 'schema_mismatch' });
    await expect(sessions.create({ name: 'Bob', visits: -1 })).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
  });
}
