/** Members: who says that it lives, and until when. */
import { expect } from 'vitest';
import { ManualClock } from '../../manual-clock.ts';
import type { Engine } from '../../../engine/index.ts';
import type { Contract } from '../contract.ts';
import { commit, put } from '../writing.ts';

async function alive(engine: Engine): Promise<string[]> {
  const { members } = await engine.members();
  return members.map(({ id }) => id).sort();
}

export function membersContract(contract: Contract): void {
  contract.test('a store begins without members', async (world) => {
    const engine = await world.open();
    expect((await engine.members()).members).toEqual([]);
  });

  contract.test('a heartbeat makes a member until the engine time plus its ttl', async (world) => {
    const engine = await world.open();
    const { time: before } = await engine.members();
    await engine.heartbeat('one', 60_000);
    await engine.heartbeat('two', 120_000);
    const { members, time: after } = await engine.members();
    expect(members.map(({ id }) => id).sort()).toEqual(['one', 'two']);
    if (!contract.supports.injectedClock) return;
    const one = members.find(({ id }) => id === 'one')!;
    expect(one.expiresAt).toBeGreaterThanOrEqual(before + 60_000);
    expect(one.expiresAt).toBeLessThanOrEqual(after + 60_000);
  });

  contract.test('a heartbeat of 0 says that a member left', async (world) => {
    const engine = await world.open();
    await engine.heartbeat('one', 60_000);
    await engine.heartbeat('two', 60_000);
    await engine.heartbeat('one', 0);
    await engine.heartbeat('never-there', 0);
    expect(await alive(engine)).toEqual(['two']);
    await engine.heartbeat('one', 60_000);
    expect(await alive(engine)).toEqual(['one', 'two']);
  });

  contract.testWith(
    ['injectedClock'],
    'a member is alive before its moment and not at it, and may come back',
    async (world) => {
      const clock = new ManualClock(5000);
      const engine = await world.open({ clock });
      await engine.heartbeat('one', 100);
      await engine.heartbeat('two', 200);
      clock.set(5099);
      expect(await engine.members()).toMatchObject({ time: 5099, members: [{}, {}] });
      expect(await alive(engine)).toEqual(['one', 'two']);
      clock.set(5100);
      expect(await alive(engine)).toEqual(['two']);
      await engine.heartbeat('one', 300);
      clock.set(5250);
      expect(await engine.members()).toEqual({
        members: [{ id: 'one', expiresAt: 5400 }],
        time: 5250,
      });
    },
  );

  contract.test('heartbeats take no revision and no log', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a')]);
    const before = await engine.read('app', []);
    await engine.heartbeat('one', 60_000);
    expect((await engine.read('app', [])).head).toEqual(before.head);
    expect(await engine.ledgers()).toEqual(['app']);
  });
}
