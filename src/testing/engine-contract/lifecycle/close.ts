/** E7: after `close` every call throws `closed`, and what was running is finished first. */
import { expect } from 'vitest';
import type { Engine, Outcome } from '../../../engine/index.ts';
import { isHoldfastError } from '../../../errors/index.ts';
import type { Contract } from '../contract.ts';
import { commit, newOptions, newStamp, put, scanAll, workOf } from '../writing.ts';

const calls: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
  read: (engine) => engine.read('app', [{ scope: 's', key: 'a' }]),
  scan: (engine) => engine.scan('app', { scope: 's', reverse: false, limit: 1, keysOnly: false }),
  scopes: (engine) => engine.scopes('app', { limit: 1 }),
  log: (engine) => engine.log('app', { after: 0, limit: 1 }),
  incarnations: (engine) => engine.incarnations('app'),
  transact: (engine) => engine.transact([workOf('app', [put('s', 'b')])], newOptions()),
  resolve: (engine) => engine.resolve('app', newStamp()),
  flush: (engine) => engine.flush(),
  scrub: (engine) => engine.scrub(),
  due: (engine) => engine.due(1, 1),
  heartbeat: (engine) => engine.heartbeat('one', 1000),
  members: (engine) => engine.members(),
  ledgers: (engine) => engine.ledgers(),
  stats: (engine) => engine.stats(),
  subscribe: async (engine) => engine.subscribe(() => {}),
};

export function closeContract(contract: Contract): void {
  for (const [name, call] of Object.entries(calls)) {
    contract.test(`after close ${name} throws closed`, async (world) => {
      const engine = await world.open();
      await commit(engine, 'app', [put('s', 'a')]);
      await engine.close();
      await expect(call(engine)).rejects.toSatisfy((error) => isHoldfastError(error, 'closed'));
    });
  }

  contract.test('close may be called again and at the same time', async (world) => {
    const engine = await world.open();
    await Promise.all([engine.close(), engine.close()]);
    await engine.close();
  });

  contract.test('a running transact is finished before the engine closes', async (world) => {
    const engine = world.raw(await world.open());
    const order: string[] = [];
    const works = Array.from({ length: 5 }, (_, index) => workOf('app', [put('s', `k${index}`)]));
    const running = works.map(async (work): Promise<readonly Outcome[]> => {
      const outcomes = await engine.transact([work], newOptions());
      order.push('transact');
      return outcomes;
    });
    const closing = engine.close().then(() => order.push('close'));
    const results = await Promise.allSettled(running);
    await closing;
    for (const result of results) {
      const isOwnFault =
        contract.supports.faults &&
        (result.status === 'fulfilled' ||
          (isHoldfastError(result.reason) && result.reason.retryable));
      if (!isOwnFault) expect(result).toMatchObject({ value: [{ kind: 'applied' }] });
    }
    expect(order.at(-1)).toBe('close');
  });

  contract.testWith(
    ['shared'],
    'what a closing engine acknowledged is in the store',
    async (world) => {
      const engine = await world.open();
      const other = await world.reopen(engine);
      const running = Array.from({ length: 8 }, (_, index) =>
        world.raw(engine).transact([workOf('app', [put('s', `k${index}`)])], newOptions()),
      );
      const [results] = await Promise.all([Promise.allSettled(running), engine.close()]);
      const acknowledged = results.flatMap((result, index) =>
        result.status === 'fulfilled' && result.value[0]!.kind === 'applied' ? [`k${index}`] : [],
      );
      const keys = (await scanAll(other, 'app', { scope: 's' })).map(({ key }) => key);
      expect(keys).toEqual(expect.arrayContaining(acknowledged));
    },
  );

  contract.testWith(['hints', 'shared'], 'a closed engine hints no more', async (world) => {
    const engine = await world.open();
    const other = await world.reopen(engine);
    const heard: string[] = [];
    engine.subscribe((ledger) => heard.push(ledger));
    await engine.close();
    const hinted = new Promise((resolve) => {
      other.subscribe(resolve);
    });
    await commit(other, 'app', [put('s', 'a')]);
    await hinted;
    expect(heard).toEqual([]);
  });
}
