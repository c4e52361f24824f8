/** Closing: what was submitted is answered, what comes later is refused. */
import { expect } from 'vitest';
import { origin } from '../../../ledger/index.ts';
import type { Ledger } from '../../../ledger/index.ts';
import { increment, refusal, set, valueOf, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

const calls: readonly (readonly [string, (app: Ledger) => unknown])[] = [
  ['head', (app) => app.head()],
  ['read', (app) => app.read([{ scope: 's', key: 'k' }])],
  ['scan', (app) => app.scan({ scope: 's' })],
  ['scopes', (app) => app.scopes()],
  ['scope', (app) => app.scope('s')],
  ['commit', (app) => app.commit({ mutations: [set('k', 1)] })],
  ['log', (app) => app.log(origin)],
  ['watch', (app) => app.watch()[Symbol.asyncIterator]().next()],
  ['pin', (app) => app.pin('p', origin, 1000)],
  ['erase', (app) => app.erase({ scope: 's', key: 'k' })],
  ['heartbeat', (app) => app.heartbeat('m', 1000)],
  ['members', (app) => app.members()],
];

export function closeContract(contract: LedgerContract): void {
  contract.test('after close every call says closed', async (world) => {
    const { app, ledgers } = await world.start();
    await write(app, set('k', 1));
    await ledgers.close();
    for (const [name, call] of calls) {
      const { code } = await refusal(undefined, () => call(app));
      expect([name, code]).toEqual([name, 'closed']);
    }
    await refusal('closed', () => ledgers.ledger('app'));
    await refusal('closed', () => ledgers.names());
    await refusal('closed', () => ledgers.runDuties());
  });

  contract.test('what was submitted before close is answered and there', async (world) => {
    const opened = await world.start();
    const other = await world.reopen(opened);
    const answers = Array.from({ length: 700 }, () => write(opened.app, increment('n')));
    await opened.ledgers.close();
    await Promise.all(answers);
    expect(await valueOf(other.ledger('app'), 'n')).toBe(700);
  });

  contract.test(
    'a commit that races with close is applied or refused, never lost',
    async (world) => {
      const opened = await world.start();
      const other = await world.reopen(opened);
      let applied = 0;
      const racing = Array.from({ length: 20 }, async (_, index) => {
        for (let turn = 0; turn < index; turn += 1) await Promise.resolve();
        try {
          await write(opened.app, increment('n'));
          applied += 1;
        } catch (error) {
          expect(error).toMatchObject({ code: 'closed' });
        }
      });
      const closing = opened.ledgers.close();
      await Promise.all([...racing, closing]);
      expect((await valueOf(other.ledger('app'), 'n')) ?? 0).toBe(applied);
    },
  );

  contract.test('close ends a watch that waits', async (world) => {
    const { app, ledgers } = await world.start();
    await write(app, set('k', 1));
    const watch = app.watch({ after: origin })[Symbol.asyncIterator]();
    await watch.next();
    const waiting = watch.next();
    const ended = waiting.then(
      (step) => step.done === true,
      (error: unknown) => Reflect.get(Object(error), 'code') === 'closed',
    );
    await ledgers.close();
    expect(await ended).toBe(true);
  });

  contract.test('closing twice is closing once, and leaves no timer behind', async (world) => {
    const { app, ledgers, clock } = await world.start({ sweepMs: 250 });
    await app.commit({ mutations: [set('k', 1)], durability: 'relaxed' });
    await Promise.all([ledgers.close(), ledgers.close()]);
    await ledgers.close();
    await clock.pass(10_000);
    expect(clock.pending).toBe(0);
  });
}
