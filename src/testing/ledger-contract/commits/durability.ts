/** Durability: what a receipt promises, and when relaxed commits are flushed. */
import { expect, vi } from 'vitest';
import { commit, set } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

export function durabilityContract(contract: LedgerContract): void {
  contract.test('a receipt says which durability was given', async (world) => {
    const { app, ledgers } = await world.start();
    const best = { none: 'none', process: 'relaxed', disk: 'sync', replicated: 'sync' } as const;
    const given = best[ledgers.engine.durability];
    const plain = await commit(app, { mutations: [set('k', 1)] });
    const sync = await commit(app, { mutations: [set('k', 2)], durability: 'sync' });
    expect([plain.durability, sync.durability]).toEqual([given, given]);
    const relaxed = await commit(app, { mutations: [set('k', 3)], durability: 'relaxed' });
    expect(relaxed.durability).toBe(given === 'none' ? 'none' : 'relaxed');
  });

  contract.test('a group is sync if any member is', async (world) => {
    const { app, ledgers } = await world.start();
    const transact = vi.spyOn(ledgers.engine, 'transact');
    const [relaxed, sync] = await Promise.all([
      commit(app, { mutations: [set('a', 1)], durability: 'relaxed' }),
      commit(app, { mutations: [set('b', 1)] }),
    ]);
    expect(relaxed.durability).toBe(sync.durability);
    for (const [, { durability }] of transact.mock.calls) expect(durability).toBe('sync');
  });

  contract.test('relaxed commits are flushed at the latest after flushMs', async (world) => {
    const { app, ledgers, clock } = await world.start({ flushMs: 80 });
    const flush = vi.spyOn(ledgers.engine, 'flush');
    await commit(app, { mutations: [set('a', 1)], durability: 'relaxed' });
    await commit(app, { mutations: [set('b', 1)], durability: 'relaxed' });
    await clock.pass(79);
    expect(flush).not.toHaveBeenCalled();
    await clock.pass(1);
    expect(flush).toHaveBeenCalledTimes(1);
    await clock.pass(1000);
    expect(flush).toHaveBeenCalledTimes(1);
  });

  contract.test('a flush that fails is tried again and told', async (world) => {
    const told: unknown[] = [];
    const onBackgroundError = (error: unknown) => void told.push(error);
    const { app, ledgers, clock } = await world.start({ flushMs: 80, onBackgroundError });
    const flush = vi.spyOn(ledgers.engine, 'flush').mockRejectedValueOnce(new Error('full'));
    await commit(app, { mutations: [set('a', 1)], durability: 'relaxed' });
    await clock.pass(80);
    expect(flush).toHaveBeenCalledTimes(1);
    await clock.pass(80);
    expect(flush).toHaveBeenCalledTimes(2);
    expect(told.map(String)).toContain('Error: full');
  });

  contract.test('closing flushes what was relaxed', async (world) => {
    const { app, ledgers } = await world.start();
    await commit(app, { mutations: [set('a', 1)], durability: 'relaxed' });
    const flush = vi.spyOn(ledgers.engine, 'flush');
    await ledgers.close();
    expect(flush).toHaveBeenCalled();
  });
}
