/** E4: hints. They may be late or doubled, but an engine that has them brings one in the end. */
import { expect } from 'vitest';
import type { Engine } from '../../../engine/index.ts';
import { deferred } from '../../../internal/deferred.ts';
import type { Contract } from '../contract.ts';
import { commit, put } from '../writing.ts';

/** Listens to one ledger; `heard` resolves with its first hint. */
function listen(engine: Engine, ledger: string) {
  const first = deferred<void>();
  const heard: string[] = [];
  const stop = engine.subscribe((name) => {
    heard.push(name);
    if (name === ledger) first.resolve();
  });
  return { heard, stop, first: first.promise };
}

export function hintsContract(contract: Contract): void {
  contract.testWith(['hints'], 'a commit is hinted to every listener', async (world) => {
    const engine = await world.open();
    const [one, two] = [listen(engine, 'app'), listen(engine, 'app')];
    await commit(engine, 'app', [put('s', 'a')]);
    await Promise.all([one.first, two.first]);
  });

  contract.testWith(['hints'], 'a hint names the ledger whose head moved', async (world) => {
    const engine = await world.open();
    const listener = listen(engine, 'b');
    await commit(engine, 'b', [put('s', 'a')]);
    await listener.first;
    expect(new Set(listener.heard)).toEqual(new Set(['b']));
  });

  contract.testWith(['hints'], 'when a hint comes, the commit can be read', async (world) => {
    const engine = await world.open();
    const seen = deferred<number>();
    const stop = engine.subscribe(() => {
      engine.read('app', []).then(({ head }) => seen.resolve(head.revision), seen.reject);
    });
    await commit(engine, 'app', [put('s', 'a')]);
    expect(await seen.promise).toBe(1);
    stop();
  });

  contract.testWith(['hints'], 'whoever unsubscribed hears nothing more', async (world) => {
    const engine = await world.open();
    const [gone, stays] = [listen(engine, 'app'), listen(engine, 'app')];
    gone.stop();
    gone.stop();
    await commit(engine, 'app', [put('s', 'a')]);
    await stays.first;
    expect(gone.heard).toEqual([]);
  });

  contract.testWith(['hints'], 'whoever unsubscribes misses hints under way', async (world) => {
    const engine = await world.open();
    const [gone, stays] = [listen(engine, 'app'), listen(engine, 'app')];
    const committed = commit(engine, 'app', [put('s', 'a')]);
    gone.stop();
    await committed;
    await stays.first;
    expect(gone.heard).toEqual([]);
  });

  contract.testWith(
    ['hints', 'shared'],
    'a commit through one handle is hinted to the other',
    async (world) => {
      const engine = await world.open();
      const other = await world.reopen(engine);
      const listener = listen(other, 'app');
      await commit(engine, 'app', [put('s', 'a')]);
      await listener.first;
    },
  );

  contract.test('a listener neither delays nor fails a commit', async (world) => {
    const engine = await world.open();
    const stop = engine.subscribe(() => {});
    expect(await commit(engine, 'app', [put('s', 'a')])).toMatchObject({ base: 0 });
    stop();
  });
}
