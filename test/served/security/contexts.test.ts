/** A worker with a token for one request reaches the context of that request, and nothing else. */
import { describe, expect, test } from 'vitest';
import { mintWorkerToken } from '../../../src/client/index.ts';
import { contextGrants } from '../../../src/index.ts';
import { World } from './world.ts';

const ids = ['r1', 'app', '../r1', 'r1/x', '%2e', 'request/r1', 'é', 'users'];
const forbidden = { code: 'forbidden' };

describe('a worker of a request', () => {
  test.each(ids)('reaches the context of %s alone', async (id) => {
    const world = await World.open();
    const parent = await world.token(['mine=read,write,watch']);
    const grants = contextGrants(id);
    const terms = { app: 'mine', request: id, grants, ttlMs: 60_000 };
    const store = await world.client(await mintWorkerToken(parent, terms));
    const local = world.local.app('mine');
    for (const other of ids) await local.request(other).state.set('k', `of ${other}`);
    const ctx = store.app('mine').request(id);
    expect(await ctx.state.get('k', 'none')).toBe(`of ${id}`);
    await ctx.state.update('n', [{ op: 'increment' }]);
    await ctx.appState.set('shared', id);
    expect(await local.request('another').appState.get('shared')).toBe(id);
    for (const other of ids) {
      if (other === id) continue;
      const { state } = store.app('mine').request(other);
      await expect(state.get('k', 'default')).rejects.toMatchObject(forbidden);
      await expect(state.set('k', 1)).rejects.toMatchObject(forbidden);
    }
    await expect(store.app('mine').scope('users').get('ada')).rejects.toMatchObject(forbidden);
    const elsewhere = store.app('other').request(id);
    await expect(elsewhere.state.get('k', 'default')).rejects.toMatchObject(forbidden);
    await ctx.end();
    expect((await local.request(id).state.entry('k'))?.expiresAt).toEqual(expect.any(Number));
  });

  test('no id becomes a pattern', () => {
    const refused: unknown = expect.objectContaining({ code: 'invalid_name' });
    expect(() => contextGrants('r*')).toThrow(refused);
    expect(() => contextGrants('*')).toThrow(refused);
  });
});
