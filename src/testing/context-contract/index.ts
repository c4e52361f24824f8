/**
 * The contract of contexts as a test suite: `contextContract('mine', { openLedger })`.
 *
 * The names of the tests are the guarantees, on whichever ledger.
 */
import { describe, expect, vi } from 'vitest';
import { HoldfastError } from '../../errors/index.ts';
import { collect, LayerContract } from '../layer-world.ts';
import type { LayerContractSetup } from '../layer-world.ts';
import { workersContract } from './workers.ts';

/** Made to lead somewhere else, if anything did. */
const nasty = [
  'app_state',
  'app',
  'state',
  '../app',
  '..',
  '/',
  'a/b',
  '%2e%2e%2fapp',
  '%00',
  '$context/app',
  '$ledger/pins',
  '__proto__',
  'request/r',
  'é'.repeat(115),
  'default',
];

function namesContract(contract: LayerContract): void {
  contract.test('ids and keys made to collide never do', async ({ app }) => {
    for (const id of nasty) {
      const ctx = app.request(id);
      for (const key of nasty) await ctx.state.set(key, `${id} ${key}`);
      await app.request(id).appState.set(id, `app ${id}`);
      if (!id.startsWith('$')) await app.scope(id).set('k', `scope ${id}`);
    }
    for (const id of nasty) {
      const found = await collect(app.request(id).state.entries());
      expect(found).toHaveLength(nasty.length);
      for (const { key, value } of found) expect(value).toBe(`${id} ${key}`);
      expect(await app.request('other').appState.get(id)).toBe(`app ${id}`);
      if (!id.startsWith('$')) expect(await collect(app.scope(id).keys())).toEqual(['k']);
    }
    expect(await collect(app.request('other').state.keys())).toEqual([]);
    const key = 'k'.repeat(1024);
    await app.request('r').state.set(key, 1);
    expect(await app.request('r').state.get(key)).toBe(1);
    for (const id of [
      '',
      'r*',
      '*',
      'x'.repeat(231),
      '\ud800',
      'a\0b',
      7 as never,
      null as never,
    ]) {
      expect(() => app.request(id)).toThrow(expect.objectContaining({ code: 'invalid_name' }));
    }
    await expect(app.request('r').state.set('', 1)).rejects.toMatchObject({ code: 'invalid_name' });
    await expect(app.request('r').appState.set('x'.repeat(1025), 1)).rejects.toMatchObject({
      code: 'invalid_name',
    });
  });
}

/** What `ctx.app_state` of other systems promises, and what it leaves open. */
function appStateContract(contract: LayerContract): void {
  contract.test('app state: set, then get', async ({ app }) => {
    const { appState } = app.request('r1');
    await appState.set('model', { name: 'large' });
    expect(await appState.get('model')).toEqual({ name: 'large' });
  });

  contract.test('app state: read downstream, in the same request', async ({ app, another }) => {
    await app.request('r1').appState.set('k', 1);
    expect(await (await another()).request('r1').appState.get('k')).toBe(1);
  });

  contract.test('app state: two requests see each other’s writes', async ({ app, another }) => {
    const [one, two] = [app.request('r1'), (await another()).request('r2')];
    await one.appState.set('by one', 1);
    await two.appState.set('by two', 2);
    expect(await two.appState.get('by one')).toBe(1);
    expect(await one.appState.get('by two')).toBe(2);
  });

  contract.test('app state: a later request overwrites an earlier', async ({ app }) => {
    await app.request('r1').appState.set('k', 'earlier');
    await app.request('r2').appState.set('k', 'later');
    expect(await app.request('r1').appState.get('k')).toBe('later');
  });

  contract.test('app state: a default where nothing is', async ({ app }) => {
    expect(await app.request('r1').appState.get('missing', 7)).toBe(7);
    await app.request('r1').appState.set('null', null);
    expect(await app.request('r1').appState.get('null', 7)).toBe(null);
  });

  contract.test('app state: undefined where nothing is and no default', async ({ app }) => {
    expect(await app.request('r1').appState.get('missing')).toBe(undefined);
  });

  contract.test('app state: nothing is lost between requests at once', async (world) => {
    const apps = [world.app, await world.another()];
    const work = Array.from({ length: 60 }, (_, n) => {
      const { appState } = apps[n % 2]!.request(`r${n}`);
      return n % 3 === 0
        ? appState.update('n', (count) => ((count as number | undefined) ?? 0) + 1)
        : appState.update('n', [{ op: 'increment' }]);
    });
    await Promise.all(work);
    expect(await world.app.request('r').appState.get('n')).toBe(60);
  });

  contract.test('an engine that is away is an error, never the default', async (world) => {
    const { state, appState } = world.app.request('r1');
    await appState.set('k', 1);
    const away = vi
      .spyOn(world.ledger, 'read')
      .mockRejectedValue(new HoldfastError('unavailable', 'the store cannot be reached'));
    await expect(appState.get('k', 'default')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(state.get('k', 'default')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(state.has('k')).rejects.toMatchObject({ code: 'unavailable' });
    away.mockRestore();
    expect(await appState.get('k', 'default')).toBe(1);
  });
}

function lifeContract(contract: LayerContract): void {
  contract.test('a request’s state is one request’s', async ({ app, another }) => {
    await app.request('r1').state.set('k', 1);
    expect(await (await another()).request('r1').state.get('k')).toBe(1);
    expect(await app.request('r2').state.get('k', 'none')).toBe('none');
    expect(await app.request('r1').appState.get('k', 'none')).toBe('none');
  });

  contract.timed(
    'it is reclaimed a set time after its end, app state never',
    async (world, clock) => {
      const ctx = world.app.request('r1', { reclaimMs: 5000 });
      for (let n = 0; n < 30; n += 1) await ctx.state.set(`k${n}`, n);
      await ctx.state.set('short', 1, { ttlMs: 100_000 });
      await ctx.appState.set('k', 1);
      await ctx.end();
      clock.advance(4999);
      expect(await ctx.state.count()).toBe(31);
      clock.advance(1);
      expect(await ctx.state.count()).toBe(0);
      expect(await ctx.appState.get('k')).toBe(1);
      clock.advance(1_000_000_000);
      expect(await ctx.appState.get('k')).toBe(1);
    },
  );

  contract.timed('of a request that never ends nothing stays for ever', async ({ app }, clock) => {
    const ctx = app.request('r1', { idleMs: 1000 });
    await ctx.state.set('a', 1);
    clock.advance(600);
    await ctx.state.update('b', [{ op: 'increment' }]);
    await ctx.renew();
    clock.advance(999);
    expect(await ctx.state.getMany(['a', 'b'])).toEqual([1, 1]);
    clock.advance(1);
    expect(await ctx.state.count()).toBe(0);
    for (const wrong of [0, -1, 1.5]) {
      expect(() => app.request('r', { idleMs: wrong })).toThrow(/idleMs/);
    }
  });
}

const subjects: readonly (readonly [string, (contract: LayerContract) => void])[] = [
  ['names', namesContract],
  ['app state', appStateContract],
  ['life', lifeContract],
  ['workers', workersContract],
];

/** Registers the suite for one kind of ledger. Call it at the top level of a test file. */
export function contextContract(name: string, setup: LayerContractSetup): void {
  describe(`context contract: ${name}`, () => {
    const contract = new LayerContract(setup);
    for (const [subject, register] of subjects) describe(subject, () => register(contract));
  });
}
