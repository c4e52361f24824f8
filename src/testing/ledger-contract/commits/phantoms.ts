/** `unchanged`: the check on a whole scope that nothing was added to it, taken from it, or died. */
import { expect } from 'vitest';
import { origin } from '../../../ledger/index.ts';
import type { Check, Position } from '../../../ledger/index.ts';
import { commit, conflict, drop, set, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

function unchanged(since: Position, scope = 's'): { checks: Check[] } {
  return { checks: [{ kind: 'unchanged', scope, since }] };
}

export function phantomsContract(contract: LedgerContract): void {
  contract.test('a scope in which nothing happened since is unchanged', async (world) => {
    const { app } = await world.start();
    await commit(app, unchanged(origin));
    await commit(app, unchanged((await app.head()).position));
    const { position } = await write(app, set('k', 1));
    await write(app, set('k', 1, { scope: 'other' }));
    await commit(app, unchanged(position));
    await commit(app, unchanged((await app.head()).position));
  });

  contract.test('an insert, an update, a touch and a delete each change a scope', async (world) => {
    const { app } = await world.start();
    let { position } = await write(app, set('k', 1));
    const writes = [
      set('new', 1),
      set('k', 1),
      { kind: 'touch', scope: 's', key: 'k', ttlMs: 1000 } as const,
      drop('new'),
    ];
    for (const mutation of writes) {
      const after = await write(app, mutation);
      const { failures } = await conflict(app, unchanged(position));
      expect(failures[0]?.actual).toBe(after.position.revision);
      ({ position } = after);
      await commit(app, unchanged(position));
    }
  });

  contract.test('what changes nothing leaves a scope unchanged', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('k', 1));
    await write(app, drop('absent'));
    await conflict(app, {
      checks: [{ kind: 'version', scope: 's', key: 'k', version: 0 }],
      mutations: [set('k', 2)],
    });
    await commit(app, unchanged(position));
  });

  contract.test('an entry that died since changes its scope before it is swept', async (world) => {
    const { app, clock } = await world.start();
    const { position } = await write(app, set('k', 1, { ttlMs: 100 }), set('stays', 1));
    clock.advance(99);
    await commit(app, unchanged(position));
    clock.advance(1);
    const { failures } = await conflict(app, unchanged(position));
    expect(failures[0]?.actual).toBeGreaterThan(position.revision);
    await commit(app, unchanged((await app.head()).position));
  });

  contract.test('the dead of other apps hide no dead of this one', async (world) => {
    const { app, clock, ledger } = await world.start();
    const other = ledger('other');
    for (let batch = 0; batch < 5; batch += 1) {
      const many = Array.from({ length: 1000 }, (_, index) =>
        set(`${batch}/${index}`, 0, { ttlMs: 10 }),
      );
      await write(other, ...many);
    }
    const { position } = await write(app, set('k', 1, { ttlMs: 20 }));
    clock.advance(20);
    await conflict(app, unchanged(position));
  });

  contract.test('a scope emptied since has changed', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('k', 1));
    const emptied = await write(app, drop('k'));
    await conflict(app, unchanged(position));
    await commit(app, unchanged(emptied.position));
  });

  contract.test(
    'proposals that wait together see each other’s changes of a scope',
    async (world) => {
      const { app } = await world.start();
      const { position } = await write(app, set('k', 1));
      const proposals = [1, 2, 3].map((index) => ({
        ...unchanged(position),
        mutations: [set(`new ${index}`, index)],
      }));
      const answers = await Promise.all(proposals.map((proposal) => app.commit(proposal)));
      expect(answers.filter(({ kind }) => kind === 'committed')).toHaveLength(1);
    },
  );

  contract.test('a position of a history that is not this one never holds', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('k', 1));
    await conflict(app, unchanged({ ...position, incarnation: 'another' }));
    await conflict(app, unchanged({ ...position, revision: position.revision + 1000 }));
  });
}
