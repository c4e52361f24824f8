/** Failing: parked, tried again, in order per key, and in nobody else's way. */
import { expect } from 'vitest';
import type { Ledger } from '../../ledger/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { passUntil } from './acts.ts';

export function retriesContract(contract: LayerContract): void {
  contract.timed('a poison event blocks no other key, and its own in order', async (w, clock) => {
    const seen: string[] = [];
    let isWell = false;
    const trigger = await w.app.trigger<number>('t', {}, ({ key, new_value }) => {
      if (key === 'poison' && !isWell) throw new Error('poison');
      seen.push(`${key} ${new_value}`);
    });
    const scope = w.app.scope<number>('s');
    await scope.set('poison', 1);
    await scope.set('a', 1);
    await scope.set('poison', 2);
    await scope.set('a', 2);
    await scope.set('poison', 3);
    await passUntil(clock, async () => (await trigger.stats()).parked === 3 && seen.length === 2);
    expect(seen).toEqual(['a 1', 'a 2']);
    isWell = true;
    await passUntil(clock, () => seen.length === 5);
    await trigger.stop();
    expect(seen.slice(2)).toEqual(['poison 1', 'poison 2', 'poison 3']);
  });

  contract.timed('attempts are counted and grow apart', async ({ app }, clock) => {
    const at: number[] = [];
    const retry = { attempts: 5, firstMs: 1000, longestMs: 3000 };
    const trigger = await app.trigger('t', { retry }, (event) => {
      at.push(clock.now());
      expect(event.attempt).toBe(at.length);
      throw new Error('no');
    });
    await app.scope('s').set('k', 1);
    await passUntil(clock, async () => (await trigger.stats()).deadLetters === 1, 50);
    await trigger.stop();
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(gaps).toHaveLength(4);
    for (const [index, least] of [500, 1000, 1500, 1500].entries()) {
      expect(gaps[index]).toBeGreaterThanOrEqual(least);
    }
  });

  contract.timed('a condition that throws is tried again, not passed over', async (w, clock) => {
    let looks = 0;
    const seen: number[] = [];
    const when = (): boolean => {
      looks += 1;
      if (looks < 3) throw new Error('cannot tell');
      return true;
    };
    const trigger = await w.app.trigger('t', { when }, (event) => void seen.push(event.attempt));
    await w.app.scope('s').set('k', 1);
    await passUntil(clock, () => seen.length === 1);
    await trigger.stop();
    expect(seen).toEqual([3]);
  });

  contract.timed('a handler that takes too long has failed, and is told', async (w, clock) => {
    const told: string[] = [];
    const late: unknown[] = [];
    const out = w.app.scope<number>('out');
    const options = { scope: 's', timeoutMs: 1000, retry: { attempts: 2 } };
    const trigger = await w.app.trigger('t', options, async (event, { signal, tx }) => {
      if (event.attempt === 2) return;
      const writes = tx.scope(out);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
      });
      told.push((signal.reason as { code: string }).code);
      try {
        await writes.set('k', 1);
      } catch (error) {
        late.push(error);
      }
    });
    await w.app.scope('s').set('k', 1);
    await passUntil(clock, async () => {
      const { handled } = await trigger.stats();
      return handled === 1 && late.length === 1;
    });
    await trigger.stop();
    expect(told).toEqual(['timeout']);
    expect(late).toMatchObject([{ code: 'closed' }]);
    expect(await out.has('k')).toBe(false);
  });

  contract.timed(
    'a queue that is full gives up its oldest, and stays in order',
    async (w, clock) => {
      const seen: number[] = [];
      let isWell = false;
      const options = { parkedPerKey: 3, retry: { attempts: 100, firstMs: 60_000 } };
      const trigger = await w.app.trigger<number>('t', options, ({ new_value }) => {
        if (!isWell) throw new Error('poison');
        seen.push(new_value ?? -1);
      });
      for (let n = 0; n < 6; n += 1) {
        await w.app.scope<number>('s').set('k', n);
        // Once the first that waits was tried: it would not be given up meanwhile.
        await passUntil(clock, async () => {
          const waiting = await parkedOf(w.ledger);
          const { deadLetters } = await trigger.stats();
          const hasRoom = deadLetters === Math.max(0, n - 2);
          return hasRoom && waiting.length === Math.min(n + 1, 3) && waiting[0]?.failed !== 0;
        });
      }
      isWell = true;
      await passUntil(clock, () => seen.length === 3, 10_000);
      const { letters } = await trigger.deadLetters();
      await trigger.stop();
      expect(seen).toEqual([3, 4, 5]);
      expect(letters.map(({ event, reason }) => [event.new_value, reason])).toEqual([
        [0, 'queue_full'],
        [1, 'queue_full'],
        [2, 'queue_full'],
      ]);
    },
  );

  contract.timed('when too much is parked, new events wait in the log', async ({ app }, clock) => {
    let calls = 0;
    let isWell = false;
    const options = { parkedMax: 5, retry: { attempts: 100, firstMs: 1000, longestMs: 1000 } };
    const trigger = await app.trigger('t', options, () => {
      calls += 1;
      if (!isWell) throw new Error('everything fails');
    });
    await app.scope('s').setMany(Array.from({ length: 60 }, (_, n) => [`k${n}`, n] as const));
    await passUntil(clock, async () => (await trigger.stats()).parked >= 5);
    for (let turn = 0; turn < 20; turn += 1) await clock.pass(100);
    expect((await trigger.stats()).parked).toBeLessThan(25);
    isWell = true;
    await passUntil(clock, async () => (await trigger.stats()).handled === 60);
    await trigger.stop();
    expect(calls).toBeGreaterThanOrEqual(60);
  });
}

/** How often each parked event failed, oldest first. */
async function parkedOf(ledger: Ledger): Promise<{ readonly failed: number }[]> {
  const page = await ledger.scan({ scope: '$trigger/t/progress', prefix: 'parked/' });
  return page.items.map(({ value }) => value.decode() as { failed: number });
}
