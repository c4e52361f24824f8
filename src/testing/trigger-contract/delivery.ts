/** Every matching change, in order per key, at the same time for different keys. */
import { expect } from 'vitest';
import type { TriggerEvent } from '../../layers/triggers/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { tell, until } from './acts.ts';

export function deliveryContract(contract: LayerContract): void {
  contract.test('a handler gets each matching change, and nothing else', async ({ app }) => {
    const seen: string[] = [];
    const note = (event: TriggerEvent): void => void seen.push(tell(event));
    await app.scope('s').set('before', 0);
    const trigger = await app.trigger('t', { scope: 's', prefix: 'a' }, note);
    await app.scope('s').set('a', 1);
    await app.scope('s').set('b', 1);
    await app.scope('t').set('a', 1);
    await app.list('a').append('item');
    await app.scope('s').set('a', 2);
    await app.scope('s').delete('a');
    await until(() => seen.length >= 3);
    await trigger.stop();
    expect(seen).toEqual(['created s/a 1', 'updated s/a 2 was 1', 'deleted s/a was 2']);
  });

  contract.test('kinds, a condition and a pattern leave out the rest', async ({ app }) => {
    const seen: string[] = [];
    const note = (event: TriggerEvent): void => void seen.push(`${event.trigger} ${tell(event)}`);
    const triggers = [
      await app.trigger('kinds', { kinds: ['deleted'] }, note),
      await app.trigger<number>(
        'odd',
        { when: ({ new_value }) => (new_value ?? 0) % 2 === 1 },
        note,
      ),
      await app.trigger('match', { when: { key: 'b', new_value: 2 } }, note),
      await app.trigger('later', { when: async ({ key }) => Promise.resolve(key === 'end') }, note),
    ];
    await app.scope('s').setMany({ a: 1, b: 2 });
    await app.scope('s').delete('a');
    await app.scope('s').set('end', 0);
    await until(() => seen.length >= 4);
    for (const trigger of triggers) await trigger.stop();
    expect(seen.sort()).toEqual([
      'kinds deleted s/a was 1',
      'later created s/end 0',
      'match created s/b 2',
      'odd created s/a 1',
    ]);
  });

  contract.test(
    'the events of a key come in order, one at a time; keys side by side',
    async (w) => {
      const order = new Map<string, number[]>();
      const running = new Set<string>();
      let most = 0;
      const trigger = await w.app.trigger<number>('t', {}, async (event) => {
        expect(running.has(event.key)).toBe(false);
        running.add(event.key);
        most = Math.max(most, running.size);
        await w.app.ledger.head();
        running.delete(event.key);
        order.set(event.key, [...(order.get(event.key) ?? []), event.new_value ?? -1]);
      });
      const keys = Array.from({ length: 12 }, (_, n) => `k${n}`);
      for (let n = 0; n < 10; n += 1) {
        await w.app.scope<number>('s').setMany(keys.map((key) => [key, n] as const));
      }
      await until(() => [...order.values()].flat().length >= 120);
      await trigger.stop();
      expect(most).toBeGreaterThan(1);
      for (const key of keys) expect(order.get(key)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    },
  );

  contract.test('no more handlers run at once than `concurrency` allows', async ({ app }) => {
    let running = 0;
    let most = 0;
    let handled = 0;
    const trigger = await app.trigger('t', { concurrency: 2 }, async () => {
      running += 1;
      most = Math.max(most, running);
      await app.ledger.head();
      running -= 1;
      handled += 1;
    });
    await app.scope('s').setMany(Array.from({ length: 40 }, (_, n) => [`k${n}`, n] as const));
    await until(() => handled === 40);
    await trigger.stop();
    expect(most).toBe(2);
  });

  contract.test('an event has what iii gives, and where and when it happened', async ({ app }) => {
    const seen: TriggerEvent[] = [];
    const trigger = await app.trigger('t', {}, (event) => void seen.push(event));
    const terms = { actor: 'ada', cause: { kind: 'request', id: '7' } };
    const first = await app.with(terms).scope('s').set('k', { n: 1 });
    const bytes = await app.scope('s').set('k', Uint8Array.of(1, 2));
    await until(() => seen.length === 2);
    await trigger.stop();
    const [event, other] = seen;
    expect(event?.toJSON()).toMatchObject({
      type: 'state',
      event_type: 'state:created',
      scope: 's',
      key: 'k',
      old_value: null,
      new_value: { n: 1 },
      position: first.position,
      attempt: 1,
      ...terms,
    });
    expect(other?.new_value).toEqual(Uint8Array.of(1, 2));
    const { incarnation, revision } = bytes.position;
    expect(JSON.parse(JSON.stringify(other?.toCloudEvent()))).toMatchObject({
      specversion: '1.0',
      id: `${incarnation}/${revision}/s/k`,
      source: '/apps/app/scopes/s',
      type: 'holdfast.state.updated',
      subject: 'k',
      data: { old_value: { n: 1 }, new_value: { base64: 'AQI=' } },
    });
  });

  contract.timed('an expiry is an event, too', async ({ app, upkeep }, clock) => {
    const seen: string[] = [];
    const trigger = await app.trigger('t', { kinds: ['expired'] }, (event) => {
      seen.push(tell(event));
    });
    await app.scope('s').set('k', 1, { ttlMs: 1000 });
    clock.advance(1000);
    await upkeep();
    for (let turn = 0; seen.length === 0; turn += 1) await clock.pass(500);
    await trigger.stop();
    expect(seen).toEqual(['expired s/k was 1']);
  });
}
