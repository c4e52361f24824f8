/** The list of scopes and their exact counts. */
import { expect } from 'vitest';
import type { Ledger, ScopeInfo, ScopesQuery } from '../../../ledger/index.ts';
import { commit, drop, runDuties, scanAll, set, write } from '../acts.ts';
import { patiently } from '../../engine-contract/steady-engine.ts';
import type { LedgerContract } from '../contract.ts';

async function all(app: Ledger, query: ScopesQuery = {}): Promise<ScopeInfo[]> {
  const found: ScopeInfo[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await app.scopes({ ...query, cursor });
    found.push(...page.items);
    if (page.cursor === undefined) return found;
    ({ cursor } = page);
  }
}

async function names(app: Ledger, query?: ScopesQuery): Promise<string[]> {
  return (await all(app, query)).map(({ scope }) => scope);
}

export function scopesContract(contract: LedgerContract): void {
  contract.test(
    'scopes are listed by name in the order of UTF-8 bytes, page by page',
    async (world) => {
      const { app } = await world.start();
      const ordered = ['a', 'a/1', 'a\n', 'b', 'é', '\uff00', '😀'].toSorted((one, two) =>
        Buffer.compare(Buffer.from(one), Buffer.from(two)),
      );
      for (const scope of ordered.toReversed()) await write(app, set('k', 1, { scope }));
      for (const limit of [1, 2, 3, 7, 8, 100])
        expect(await names(app, { limit })).toEqual(ordered);
      expect(await names(app, { prefix: 'a', limit: 1 })).toEqual(['a', 'a\n', 'a/1']);
      expect(await names(app, { prefix: '😀' })).toEqual(['😀']);
      expect(await names(app, { prefix: 'x' })).toEqual([]);
    },
  );

  contract.test('counts are exact after every kind of change', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    const expectExact = async () => {
      const entries = await scanAll(app, { scope: 's' });
      const bytes = entries.reduce((sum, { size }) => sum + size, 0);
      expect(await app.scope('s')).toMatchObject({ entries: entries.length, bytes });
      const listed = (await all(app)).find(({ scope }) => scope === 's');
      expect(listed).toEqual(entries.length === 0 ? undefined : await app.scope('s'));
    };
    await expectExact();
    await write(app, set('é', 'ü'), set('k', Uint8Array.of(1, 2)), set('t', 1, { ttlMs: 10 }));
    await expectExact();
    await write(app, set('k', 'x'.repeat(9000)), set('brief', 1), drop('brief'));
    await expectExact();
    clock.advance(10);
    await expectExact();
    await runDuties(opened);
    await expectExact();
    await write(app, drop('k'), drop('é'), drop('never'));
    await expectExact();
    expect((await app.scope('s')).entries).toBe(0);
  });

  contract.test('a scope’s revision is that of its last change', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('a', 1), set('b', 1));
    await write(app, set('k', 1, { scope: 'other' }));
    expect((await app.scope('s')).revision).toBe(position.revision);
    const after = await write(app, drop('a'));
    expect((await app.scope('s')).revision).toBe(after.position.revision);
  });

  contract.test('an emptied scope leaves the list, by delete or by death', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    await write(app, set('k', 1, { scope: 'deleted' }), set('k', 1, { scope: 'dead', ttlMs: 10 }));
    await write(app, set('k', 1, { scope: 'kept' }));
    await write(app, drop('k', 'deleted'));
    clock.advance(10);
    expect(await names(app)).toEqual(['kept']);
    await runDuties(opened);
    expect(await names(app, { internal: true })).toEqual(['kept']);
  });

  contract.test(
    'scopes of layers are listed only if asked for, the ledger’s own never',
    async (world) => {
      const { app } = await world.start();
      await write(app, set('k', 'x'.repeat(9000)), set('k', 1, { scope: '$runs/1' }));
      await commit(app, { stamp: { client: 'c', sequence: 1 }, mutations: [set('l', 1)] });
      await app.pin('p', (await app.head()).position, 1000);
      expect(await names(app)).toEqual(['s']);
      expect(await names(app, { limit: 1 })).toEqual(['s']);
      expect(await names(app, { internal: true })).toEqual(['$runs/1', 's']);
      expect(await names(app, { internal: true, prefix: '$' })).toEqual(['$runs/1']);
    },
  );

  contract.test('the head counts the app’s entries, not the ledger’s own rows', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 'x'.repeat(9000)), set('l', 1));
    await commit(app, { stamp: { client: 'c', sequence: 1 }, mutations: [drop('l')] });
    const { entries, bytes } = await app.head();
    expect([entries, bytes]).toEqual([1, 9003]);
  });

  contract.test('an app’s names are those with commits', async (world) => {
    const { app, ledger, ledgers } = await world.start();
    await ledger('idle').head();
    await write(app, set('k', 1));
    expect(await patiently(() => ledgers.names())).toEqual(['app']);
  });
}
