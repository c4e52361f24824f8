/** What a trigger is, from its first start to its removal. */
import { expect } from 'vitest';
import type { Trigger, TriggerEvent, TriggerStart } from '../../layers/triggers/index.ts';
import type { App } from '../../store/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { passUntil, tell, until } from './acts.ts';

const day = 24 * 60 * 60 * 1000;

async function starting(app: App, from: TriggerStart | undefined, name = 't') {
  const seen: string[] = [];
  const trigger: Trigger = await app.trigger(name, { scope: 's', from }, (event: TriggerEvent) => {
    seen.push(tell(event));
  });
  return { trigger, seen };
}

export function triggerLifeContract(contract: LayerContract): void {
  contract.timed('it starts from now, the beginning, a position or a time', async (w, clock) => {
    const scope = w.app.scope<number>('s');
    await scope.set('a', 1);
    clock.advance(1000);
    const { position } = await scope.set('b', 2);
    const time = clock.now();
    await scope.set('c', 3);
    const all = ['created s/a 1', 'created s/b 2', 'created s/c 3', 'created s/d 4'];
    const starts = [
      [undefined, 3],
      ['beginning', 0],
      [position, 2],
      [{ time }, 1],
    ] as const;
    const running = [];
    for (const [index, [from]] of starts.entries()) {
      running.push(await starting(w.app, from, `t${index}`));
    }
    await scope.set('d', 4);
    for (const [index, { seen, trigger }] of running.entries()) {
      const expected = all.slice(starts[index]?.[1]);
      await passUntil(clock, () => seen.length >= expected.length);
      expect(seen.sort()).toEqual(expected);
      await trigger.stop();
    }
  });

  contract.test('whoever starts it next goes on where it stood', async ({ app, another }) => {
    const scope = app.scope<number>('s');
    const first = await starting(app, undefined);
    await scope.set('k', 1);
    await until(() => first.seen.length === 1);
    await first.trigger.stop();
    await scope.set('k', 2);
    const second = await starting(await another(), 'beginning');
    await scope.set('k', 3);
    await until(() => second.seen.length === 2);
    await second.trigger.stop();
    expect(second.seen).toEqual(['updated s/k 2 was 1', 'updated s/k 3 was 2']);
  });

  contract.timed('lag and rate are told to whoever asks', async (world, clock) => {
    const { trigger, seen } = await starting(world.app, undefined);
    const other = (await world.another()).triggers.records('t');
    await trigger.pause();
    const scope = world.app.scope<number>('s');
    await scope.setMany(Array.from({ length: 40 }, (_, n) => [`k${n}`, n] as const));
    expect(await other.status()).toMatchObject({ lag: 1, perSecond: 0, workers: 1 });
    await trigger.resume();
    let fastest = 0;
    await passUntil(clock, async () => {
      const { lag, perSecond } = await other.status();
      // The rate wears off while the test's time passes.
      fastest = Math.max(fastest, perSecond);
      return fastest > 0 && lag === 0 && seen.length === 40;
    });
    expect((await trigger.stats()).handled).toBe(40);
    for (let second = 0; second < 20; second += 1) await clock.pass(1000);
    await passUntil(clock, async () => (await other.status()).perSecond === 0);
    await trigger.stop();
  });

  contract.test('paused it handles nothing, in any process, and then everything', async (w) => {
    const scope = w.app.scope<number>('s');
    const { trigger, seen } = await starting(w.app, undefined);
    await trigger.pause();
    expect([trigger.state, (await trigger.stats()).isPaused]).toEqual(['paused', true]);
    await scope.set('k', 1);
    await trigger.stop();
    const other = await starting(await w.another(), undefined);
    expect(other.trigger.state).toBe('paused');
    await scope.set('k', 2);
    expect([seen, other.seen]).toEqual([[], []]);
    await other.trigger.resume();
    await until(() => other.seen.length === 2);
    await other.trigger.stop();
    expect(other.seen).toEqual(['created s/k 1', 'updated s/k 2 was 1']);
  });

  contract.timed(
    'a trigger that the log has left says `trimmed`, until reset',
    async (w, clock) => {
      const { app, upkeep } = w;
      const scope = app.scope<number>('s');
      const errors: unknown[] = [];
      const options = { scope: 's', holdMs: 1000, onError: (error: unknown) => errors.push(error) };
      const first = await app.trigger('t', options, () => undefined);
      await first.stop();
      await scope.set('a', 1);
      clock.advance(2 * day);
      await upkeep();
      await scope.set('b', 2);
      const seen: string[] = [];
      const again = await app.trigger('t', options, (event) => void seen.push(tell(event)));
      await passUntil(clock, () => again.state === 'trimmed');
      expect(errors).toMatchObject([{ code: 'trimmed' }]);
      await again.reset('beginning');
      await passUntil(clock, () => seen.length === 1);
      expect([seen, again.state]).toEqual([['created s/b 2'], 'running']);
      await again.stop();
    },
  );

  contract.test('idle it writes nothing down, and layers’ scopes wake nothing', async (world) => {
    const { app, ledger } = world;
    const { trigger, seen } = await starting(app, undefined);
    await app.list('s').append('item');
    const before = await ledger.head();
    for (let turn = 0; turn < 200; turn += 1) await until(() => true);
    await trigger.stop();
    const page = await ledger.log(before.position, { scope: '$trigger/t/progress' });
    const writes = page.kind === 'commits' ? page.commits.length : -1;
    expect([seen, writes]).toEqual([[], 0]);
  });

  contract.test('removed it is forgotten whole; the name is then that of a new one', async (w) => {
    const { app, ledger } = w;
    const { trigger, seen } = await starting(app, undefined);
    await app.scope('s').set('k', 1);
    await until(() => seen.length === 1);
    await trigger.stop();
    expect((await app.triggers.list()).map(({ name }) => name)).toEqual(['t']);
    expect(await app.triggers.records('t').remove()).toBe(true);
    expect(await app.triggers.list()).toEqual([]);
    for (const scope of ['$trigger/t', '$trigger/t/progress', '$trigger/t/values']) {
      expect((await ledger.scope(scope)).entries).toBe(0);
    }
    const anew = await starting(app, 'beginning');
    await until(() => anew.seen.length === 1);
    await anew.trigger.stop();
    await expect(app.triggers.records('none').status()).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  contract.test('another filter holds from where the trigger stands', async ({ app }) => {
    const { trigger } = await starting(app, undefined);
    await trigger.stop();
    await app.scope('s').set('k', 1);
    await app.scope('other').set('k', 2);
    const seen: string[] = [];
    const wider = await app.trigger('t', {}, (event) => void seen.push(tell(event)));
    await until(() => seen.length === 2);
    expect((await wider.stats()).filter).toEqual({});
    await wider.stop();
    expect(seen.sort()).toEqual(['created other/k 2', 'created s/k 1']);
  });
}
