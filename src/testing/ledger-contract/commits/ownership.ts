/** Epochs and members: the fence against an owner that was replaced while it slept. */
import { expect } from 'vitest';
import type { Check } from '../../../ledger/index.ts';
import { commit, conflict, increment, revisionOf, set, valueOf, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

function epoch(resource: string, wanted: number): { checks: Check[] } {
  return { checks: [{ kind: 'epoch', resource, epoch: wanted }] };
}

function owner(resource: string, value: unknown) {
  return set(resource, value, { scope: '$owners' });
}

export function ownershipContract(contract: LedgerContract): void {
  contract.test('an owner of an older epoch is refused and told the newer one', async (world) => {
    const { app } = await world.start();
    await write(app, owner('run', { member: 'a', epoch: 1 }));
    await commit(app, { ...epoch('run', 1), mutations: [increment('n')] });
    await write(app, owner('run', { member: 'b', epoch: 2 }));
    const { failures } = await conflict(app, { ...epoch('run', 1), mutations: [increment('n')] });
    expect(failures[0]?.actual).toBe(2);
    expect(await valueOf(app, 'n')).toBe(1);
  });

  contract.test('where nobody owns, no epoch holds', async (world) => {
    const { app } = await world.start();
    const { failures } = await conflict(app, epoch('run', 1));
    expect(failures[0]?.actual).toBe(0);
  });

  contract.test('an ownership that is none has epoch 0 and harms nobody', async (world) => {
    const { app } = await world.start();
    const odd = [null, 7, 'text', [], {}, { epoch: 'one' }, Uint8Array.of(1, 2)];
    for (const value of odd) {
      await write(app, owner('run', value));
      const [fenced, other] = await Promise.all([
        conflict(app, epoch('run', 1)),
        write(app, increment('n')),
      ]);
      expect([fenced.failures[0]?.actual, other.kind]).toEqual([0, 'committed']);
    }
    expect(await valueOf(app, 'n')).toBe(odd.length);
  });

  contract.test('an ownership with a large value fences all the same', async (world) => {
    const { app } = await world.start();
    await write(app, owner('run', { epoch: 3, notes: 'x'.repeat(9000) }));
    await commit(app, epoch('run', 3));
    const { failures } = await conflict(app, epoch('run', 2));
    expect(failures[0]?.actual).toBe(3);
  });

  contract.test(
    'a member lives until its time is over, and renewing takes no revision',
    async (world) => {
      const { app, clock } = await world.start();
      const before = await revisionOf(app);
      const alive = async () => (await app.members()).map(({ id }) => id);
      await app.heartbeat('worker', 100);
      clock.advance(99);
      expect(await alive()).toContain('worker');
      await app.heartbeat('worker', 100);
      clock.advance(99);
      expect(await alive()).toContain('worker');
      clock.advance(1);
      expect(await alive()).not.toContain('worker');
      await app.heartbeat('worker', 100);
      await app.heartbeat('worker', 0);
      expect(await alive()).not.toContain('worker');
      expect(await revisionOf(app)).toBe(before);
    },
  );
}
