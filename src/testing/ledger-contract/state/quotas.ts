/** Quotas of apps and scopes, in entries and in bytes. */
import { expect } from 'vitest';
import type { Mutation } from '../../../ledger/index.ts';
import { commit, drop, increment, refusal, set, valueOf, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

export function quotasContract(contract: LedgerContract): void {
  contract.test('an app holds as many entries as its quota, not one more', async (world) => {
    const { app } = await world.start({ apps: { app: { quota: { entries: 3 } } } });
    await write(app, set('a', 1), set('b', 1, { scope: 't' }), set('c', 1));
    const before = await app.head();
    const error = await refusal('quota_exceeded', () => write(app, set('a', 2), set('d', 1)));
    expect(error.details).toMatchObject({ app: 'app', unit: 'entries', limit: 3, used: 3 });
    expect(await app.head()).toEqual(before);
    expect(await valueOf(app, 'a')).toBe(1);
    await write(app, set('a', 'much longer than before'));
    await write(app, drop('b', 't'), set('d', 1));
  });

  contract.test('an app holds as many bytes as its quota, keys counted', async (world) => {
    const { app } = await world.start({ apps: { app: { quota: { bytes: 20 } } } });
    await write(app, set('key', 'x'.repeat(15)));
    await refusal('quota_exceeded', () => write(app, set('k', 1)));
    await refusal('quota_exceeded', () => write(app, set('key', 'x'.repeat(16))));
    await write(app, set('key', 'x'.repeat(14)));
    await refusal('quota_exceeded', () => write(app, set('k', 1)));
    await write(app, set('key', 'x'.repeat(13)), set('k', 1));
  });

  contract.test('a scope has a quota of its own', async (world) => {
    const scopes = { s: { quota: { entries: 1 } }, t: { quota: { bytes: 10 } } };
    const { app } = await world.start({ app: { scopes } });
    await write(app, set('a', 1), ...['a', 'b', 'c'].map((key) => set(key, 1, { scope: 'free' })));
    const error = await refusal('quota_exceeded', () => write(app, set('b', 1)));
    expect(error.details).toMatchObject({ app: 'app', scope: 's', unit: 'entries', limit: 1 });
    const long = set('k', 'x'.repeat(8), { scope: 't' });
    await refusal('quota_exceeded', () => write(app, long));
    await write(app, set('k', 'x'.repeat(7), { scope: 't' }));
  });

  contract.test('a proposal may bring a quota, beside the one of the store', async (world) => {
    const { app } = await world.start({ app: { scopes: { t: { quota: { entries: 1 } } } } });
    const within = (entries: number, ...mutations: Mutation[]) => {
      const quotas = [...new Set(mutations.map(({ scope }) => scope))].map((scope) => {
        return { scope, entries };
      });
      return commit(app, { mutations, quotas });
    };
    await within(2, set('a', 1), set('b', 1));
    const before = await app.head();
    const error = await refusal('quota_exceeded', () => within(2, set('a', 2), set('c', 1)));
    expect(error.details).toMatchObject({ app: 'app', scope: 's', unit: 'entries', limit: 2 });
    expect(await app.head()).toEqual(before);
    await within(1, set('a', 2));
    await within(1, drop('a'));
    await within(0, increment('b'), drop('none'));
    const bytes = { mutations: [set('b', 'x'.repeat(10))], quotas: [{ scope: 's', bytes: 12 }] };
    await refusal('quota_exceeded', () => commit(app, bytes));
    await write(app, set('c', 1), set('d', 1));
    const tight = { scope: 't' };
    await within(9, set('a', 1, tight));
    await refusal('quota_exceeded', () => within(9, set('b', 1, tight)));
    await refusal('quota_exceeded', () => within(0, set('e', 1)));
  });

  contract.test('a quota that a proposal brings is told of at four fifths', async (world) => {
    const told: unknown[] = [];
    const onQuotaWarning = (warning: unknown) => void told.push(warning);
    const { app } = await world.start({ onQuotaWarning });
    for (let n = 1; n <= 5; n += 1) {
      await commit(app, { mutations: [set(`k${n}`, 1)], quotas: [{ scope: 's', entries: 5 }] });
    }
    expect(told).toEqual([{ app: 'app', scope: 's', unit: 'entries', used: 4, limit: 5 }]);
  });

  contract.test('a quota is kept by proposals that wait together', async (world) => {
    const { app } = await world.start({ app: { quota: { entries: 5 } } });
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => write(app, set(`k${index}`, 1), increment('n'))),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect((await app.scope('s')).entries).toBe(5);
    expect(await valueOf(app, 'n')).toBe(4);
  });

  contract.test('the dead do not count, swept or not', async (world) => {
    const options = { app: { quota: { entries: 2 }, scopes: { s: { quota: { entries: 2 } } } } };
    const { app, clock } = await world.start(options);
    await write(app, set('a', 1, { ttlMs: 10 }), set('b', 1, { ttlMs: 10 }));
    await refusal('quota_exceeded', () => write(app, set('c', 1)));
    clock.advance(10);
    await write(app, set('c', 1), set('d', 1));
    expect((await app.scope('s')).entries).toBe(2);
  });

  contract.test('an app above a quota that was lowered may shrink, not grow', async (world) => {
    const opened = await world.start();
    await write(opened.app, ...['a', 'b', 'c', 'd'].map((key) => set(key, 1)));
    const lowered = await world.reopen(opened, { app: { quota: { entries: 2 } } });
    const app = lowered.ledger('app');
    await refusal('quota_exceeded', () => write(app, set('e', 1)));
    await write(app, drop('a'));
    await write(app, set('b', 2));
    await refusal('quota_exceeded', () => write(app, set('a', 1)));
  });

  contract.test(
    'an app that no option names has the quota of all, whatever its name',
    async (world) => {
      const options = { app: { quota: { entries: 1 } }, apps: { rich: {} } };
      const { ledger } = await world.start(options);
      for (const name of ['poor', 'constructor', '__proto__', 'toString']) {
        const app = ledger(name);
        await write(app, set('a', 1));
        await refusal('quota_exceeded', () => write(app, set('b', 1)));
      }
      await write(ledger('rich'), set('a', 1), set('b', 1));
    },
  );

  contract.test('passing four fifths of a quota is told once', async (world) => {
    const told: unknown[] = [];
    const onQuotaWarning = (warning: unknown) => void told.push(warning);
    const { app } = await world.start({ app: { quota: { entries: 10 } }, onQuotaWarning });
    for (let n = 1; n <= 7; n += 1) await write(app, set(`k${n}`, 1));
    expect(told).toEqual([]);
    await write(app, set('k8', 1));
    await write(app, set('k9', 1));
    await write(app, set('k9', 2));
    expect(told).toEqual([{ app: 'app', unit: 'entries', used: 8, limit: 10 }]);
    await write(app, drop('k9'), drop('k8'));
    await write(app, set('k8', 1));
    expect(told).toHaveLength(2);
  });

  contract.test('passing four fifths of a scope’s quota is told with its name', async (world) => {
    const told: unknown[] = [];
    const onQuotaWarning = (warning: unknown) => void told.push(warning);
    const { app } = await world.start({
      app: { scopes: { s: { quota: { entries: 5 } } } },
      onQuotaWarning,
    });
    for (let n = 1; n <= 5; n += 1) await write(app, set(`k${n}`, 1));
    expect(told).toEqual([{ app: 'app', scope: 's', unit: 'entries', used: 4, limit: 5 }]);
  });

  contract.test('a listener to warnings that throws harms no commit', async (world) => {
    const onQuotaWarning = () => {
      throw new Error('the listener is broken');
    };
    const { app } = await world.start({ app: { quota: { entries: 5 } }, onQuotaWarning });
    for (let n = 1; n <= 5; n += 1) await write(app, set(`k${n}`, 1));
    expect((await app.scope('s')).entries).toBe(5);
  });
}
