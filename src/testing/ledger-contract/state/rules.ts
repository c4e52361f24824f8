/** What the store holds a scope to, whoever writes and by whatever door. */
import { expect } from 'vitest';
import type { ScopeRule, ValueFault } from '../../../ledger/index.ts';
import { commit, drop, entryOf, increment, refusal, set, valueOf, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

export function rulesContract(contract: LedgerContract): void {
  lifetimes(contract);
  judging(contract);

  contract.test('rules are replaced while the store is open', async (world) => {
    const { app, ledgers } = await world.start({ apps: { app: { quota: { entries: 1 } } } });
    await write(app, set('a', 1));
    await refusal('quota_exceeded', () => write(app, set('b', 1)));
    ledgers.setRules({ apps: { app: { scopes: { s: { ttlMs: 50 } } } } });
    await write(app, set('b', 1));
    const { updatedAt, expiresAt } = (await entryOf(app, 'b'))!;
    expect(expiresAt! - updatedAt).toBeGreaterThan(0);
    ledgers.setRules({ app: { quota: { entries: 2 } } });
    await refusal('quota_exceeded', () => write(app, set('c', 1)));
  });
}

const short: ScopeRule = { ttlMs: 100 };

function lifetimes(contract: LedgerContract): void {
  contract.test('what is written without a time to live gets the scope’s', async (world) => {
    const { app, clock } = await world.start({ app: { scopes: { s: short } } });
    const now = clock.now();
    await write(app, set('set', 1), increment('made'), set('own', 1, { ttlMs: 500 }));
    await write(app, set('moment', 1, { expiresAt: now + 300 }), set('free', 1, { scope: 't' }));
    const expiries = await Promise.all(
      ['set', 'made', 'own', 'moment'].map(async (key) => (await entryOf(app, key))?.expiresAt),
    );
    expect(expiries).toEqual([now + 100, now + 100, now + 500, now + 300]);
    expect((await entryOf(app, 'free', 't'))?.expiresAt).toBeUndefined();
    clock.advance(100);
    expect(await entryOf(app, 'set')).toBeUndefined();
  });

  contract.test('what lives on keeps its expiry, and may be told another', async (world) => {
    const { app, clock } = await world.start({ app: { scopes: { s: short } } });
    const now = clock.now();
    await write(app, set('a', 1), set('b', 1), set('c', 1));
    clock.advance(50);
    const operations = [{ op: 'increment' }] as const;
    await write(app, increment('a'), { kind: 'touch', scope: 's', key: 'b', ttlMs: null });
    await write(app, { kind: 'update', scope: 's', key: 'c', operations, ttlMs: null });
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((key) => entryOf(app, key)));
    expect([a?.expiresAt, b?.expiresAt, c?.expiresAt]).toEqual([now + 100, undefined, undefined]);
    await write(app, set('b', 2));
    expect((await entryOf(app, 'b'))?.expiresAt).toBe(now + 150);
  });
}

/** Only objects with a whole number `n` up to 3. */
function check(value: unknown): ValueFault | undefined {
  const n = (value as { n?: unknown } | null)?.n;
  if (typeof n !== 'number') return { path: '/n', message: 'must be a number' };
  return n > 3 ? { path: '/n', message: 'must be at most 3' } : undefined;
}

function judging(contract: LedgerContract): void {
  contract.test('a value that the scope’s rule refuses is not stored', async (world) => {
    const { app } = await world.start({ app: { scopes: { s: { check } } } });
    await write(app, set('a', { n: 3 }), set('a', 'anything', { scope: 't' }));
    const before = await app.head();
    const error = await refusal('schema_mismatch', () => {
      return write(app, set('b', { n: 1 }), set('a', { n: 4 }));
    });
    expect(error.details).toEqual({ scope: 's', key: 'a', path: '/n' });
    const operations = [{ op: 'increment', path: '/n' }] as const;
    const more = { kind: 'update', scope: 's', key: 'a', operations } as const;
    await refusal('schema_mismatch', () => write(app, more));
    await refusal('schema_mismatch', () => write(app, set('raw', Uint8Array.of(1))));
    await refusal('schema_mismatch', () => write(app, increment('new')));
    expect(await app.head()).toEqual(before);
    expect(await valueOf(app, 'a')).toEqual({ n: 3 });
  });

  contract.test('what is refused harms no other proposal of its group', async (world) => {
    const { app } = await world.start({ app: { scopes: { s: { check } } } });
    await write(app, set('a', { n: 0 }));
    const operations = [{ op: 'increment', path: '/n' }] as const;
    const mutations = [{ kind: 'update', scope: 's', key: 'a', operations }] as const;
    const answers = await Promise.allSettled([1, 2, 3, 4, 5].map(() => commit(app, { mutations })));
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(await valueOf(app, 'a')).toEqual({ n: 3 });
  });

  contract.test('what was there before a rule may be touched and deleted', async (world) => {
    const { app, ledgers } = await world.start();
    await write(app, set('old', 'x'), set('gone', 'x'));
    ledgers.setRules({ app: { scopes: { s: { check } } } });
    await write(app, { kind: 'touch', scope: 's', key: 'old', ttlMs: 1000 }, drop('gone'));
    expect(await valueOf(app, 'old')).toBe('x');
    await refusal('schema_mismatch', () => write(app, set('old', 'y')));
  });
}
