/** T5 and `validUntil`: what time a commit carries. */
import { expect } from 'vitest';
import { ManualClock } from '../../manual-clock.ts';
import type { Contract } from '../contract.ts';
import { commit, decisionOf, nothing, put, run, upkeep, viewOf } from '../writing.ts';

/** A clock on which every look takes some time, so that looking twice gives two answers. */
class TickingClock extends ManualClock {
  override now(): number {
    this.advance(7);
    return super.now();
  }
}

export function timeContract(contract: Contract): void {
  contract.testWith(['injectedClock'], 'a commit carries the engine time', async (world) => {
    const clock = new ManualClock(5000);
    const engine = await world.open({ clock });
    expect(await commit(engine, 'app', [put('s', 'a')])).toMatchObject({ time: 5000 });
    clock.advance(250);
    expect(await engine.read('app', [])).toMatchObject({ time: 5250, head: { time: 5000 } });
    const view = await viewOf(engine, 'app', {});
    expect(view.time).toBeGreaterThanOrEqual(view.head.time);
    expect(view.time).toBeLessThanOrEqual(5250);
    expect(await commit(engine, 'app', [put('s', 'b')])).toMatchObject({ time: 5250 });
  });

  contract.testWith(
    ['injectedClock'],
    'time never runs backwards, in commits, views and reads, when the clock is set back',
    async (world) => {
      const clock = new ManualClock(5000);
      const engine = await world.open({ clock });
      await commit(engine, 'app', [put('s', 'a')]);
      clock.set(1000);
      expect((await viewOf(engine, 'app', {})).time).toBe(5000);
      expect((await engine.read('app', [])).time).toBe(5000);
      const range = { scope: 's', reverse: false, limit: 1, keysOnly: true };
      expect((await engine.scan('app', range)).time).toBe(5000);
      expect((await engine.scopes('app', { limit: 1 })).time).toBe(5000);
      expect((await engine.log('app', { after: 0, limit: 1 })).time).toBe(5000);
      expect(await commit(engine, 'app', [put('s', 'b')])).toMatchObject({ time: 5000 });
      clock.set(5001);
      expect(await commit(engine, 'app', [put('s', 'c')])).toMatchObject({ time: 5001 });
    },
  );

  contract.testWith(
    ['injectedClock'],
    'the time of one ledger does not hold another back',
    async (world) => {
      const clock = new ManualClock(5000);
      const engine = await world.open({ clock });
      await commit(engine, 'app', [put('s', 'a')]);
      clock.set(1000);
      expect(await commit(engine, 'other', [put('s', 'a')])).toMatchObject({ time: 1000 });
    },
  );
  liveness(contract);
}

function liveness(contract: Contract): void {
  contract.testWith(
    ['injectedClock'],
    'an entry that was taken as alive is not committed upon at or after its expiry',
    async (world) => {
      const clock = new TickingClock(5000);
      const engine = await world.open({ clock });
      for (let turn = 0; turn < 12; turn += 1) {
        const expiresAt = (await engine.read('app', [])).time + 1 + 6 * turn;
        let [takenAsAlive, seen] = [false, 0];
        const applied = await run(engine, {
          ledger: 'app',
          reads: { refs: [], scopes: [] },
          decide({ time }) {
            [takenAsAlive, seen] = [time < expiresAt, time];
            const validUntil = takenAsAlive ? expiresAt : undefined;
            return decisionOf([put('s', `k${turn}`)], [undefined], { validUntil });
          },
        });
        expect(applied.time).toBeGreaterThanOrEqual(seen);
        expect(applied.time < expiresAt).toBe(takenAsAlive);
      }
    },
  );

  contract.testWith(
    ['injectedClock'],
    'upkeep and decisions without effect leave the head as it is',
    async (world) => {
      const clock = new ManualClock(5000);
      const engine = await world.open({ clock });
      await commit(engine, 'app', [put('s', 'a')]);
      const { head } = await engine.read('app', []);
      clock.advance(1000);
      const reads = { refs: [], scopes: [] };
      const idle = await run(engine, { ledger: 'app', reads, decide: () => nothing });
      expect(idle).toMatchObject({ base: 1, incarnation: head.incarnation });
      expect(await upkeep(engine, 'app', { trimThrough: 0 })).toMatchObject({ base: 1 });
      expect((await engine.read('app', [])).head).toEqual(head);
    },
  );
}
