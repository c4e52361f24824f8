/** Scope counts: blind deltas, the head's totals, the census. */
import { expect } from 'vitest';
import type {
  Decision,
  Engine,
  ScopeCensus,
  ScopeDelta,
  ScopeQuery,
} from '../../../engine/index.ts';
import { ManualClock } from '../../manual-clock.ts';
import type { Contract } from '../contract.ts';
import { byBytes, commit, decisionOf, put, readOne, remove, run, viewOf } from '../writing.ts';

/** All scopes of a query, page by page. */
async function census(
  engine: Engine,
  query: Partial<ScopeQuery> = {},
): Promise<readonly ScopeCensus[]> {
  const found: ScopeCensus[] = [];
  const limit = query.limit ?? 1000;
  let { after } = query;
  for (;;) {
    const { scopes } = await engine.scopes('app', { ...query, limit, after });
    if (scopes.length === 0) return found;
    expect(scopes.length).toBeLessThanOrEqual(limit);
    found.push(...scopes);
    after = scopes.at(-1)!.scope;
  }
}

async function names(engine: Engine, query: Partial<ScopeQuery> = {}): Promise<string[]> {
  return (await census(engine, query)).map(({ scope }) => scope);
}

async function stat(engine: Engine, scope: string) {
  return (await viewOf(engine, 'app', { scopes: [scope] })).scopes[0];
}

export function scopesContract(contract: Contract): void {
  counting(contract);
  emptying(contract);
  listing(contract);
  expired(contract);
}

function counting(contract: Contract): void {
  contract.test('a scope tells its entries, bytes and last revision', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a', '', { size: 10 }), put('t', 'x', '', { size: 1 })]);
    await commit(engine, 'app', [put('s', 'a', '', { size: 4 }), put('s', 'b', '', { size: 20 })]);
    expect(await stat(engine, 's')).toEqual({ scope: 's', entries: 2, bytes: 24, revision: 2 });
    expect(await stat(engine, 't')).toEqual({ scope: 't', entries: 1, bytes: 1, revision: 1 });
    const { head } = await engine.scopes('app', { limit: 1 });
    expect(head).toMatchObject({ entries: 3, bytes: 25 });
  });

  contract.test('the revision of a scope is base plus the offset of its delta', async (world) => {
    const engine = await world.open();
    const delta = (offset: number): ScopeDelta => ({ scope: 's', entries: 1, bytes: 2, offset });
    const scopes = [delta(2)];
    await commit(engine, 'app', [put('s', 'a')], { revisions: 5, scopes });
    expect(await stat(engine, 's')).toMatchObject({ revision: 2 });
    await commit(engine, 'app', [put('s', 'b')], { revisions: 3, scopes });
    expect(await stat(engine, 's')).toMatchObject({ entries: 2, bytes: 4, revision: 7 });
  });

  contract.test('a delta without an offset leaves the revision of the scope', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a', '', { size: 1 })]);
    const scopes = [{ scope: 's', entries: 2, bytes: 30, offset: undefined }];
    await commit(engine, 'app', [put('t', 'b')], { scopes });
    expect(await stat(engine, 's')).toEqual({ scope: 's', entries: 3, bytes: 31, revision: 1 });
  });

  contract.test('counts may change without a revision', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a', '', { size: 1 })]);
    const decision: Decision = {
      ...decisionOf([], [], { revisions: 0, log: undefined }),
      scopes: [{ scope: 's', entries: 0, bytes: 9, offset: undefined }],
    };
    const reads = { refs: [], scopes: [] };
    await run(engine, { ledger: 'app', reads, decide: () => decision });
    const { head } = await engine.read('app', []);
    expect(await stat(engine, 's')).toEqual({ scope: 's', entries: 1, bytes: 10, revision: 1 });
    expect(head).toMatchObject({ revision: 1, bytes: 10 });
  });

  contract.test('several deltas of one scope in one decision add up', async (world) => {
    const engine = await world.open();
    const scopes = [
      { scope: 's', entries: 2, bytes: 20, offset: 3 },
      { scope: 's', entries: -1, bytes: -5, offset: 1 },
      { scope: 's', entries: 1, bytes: 1, offset: undefined },
    ];
    await commit(engine, 'app', [put('s', 'a')], { revisions: 3, scopes });
    expect(await stat(engine, 's')).toEqual({ scope: 's', entries: 2, bytes: 16, revision: 3 });
    expect((await engine.read('app', [])).head).toMatchObject({ entries: 2, bytes: 16 });
  });

  contract.test('scopes of the ledger itself do not count for its head', async (world) => {
    const engine = await world.open();
    const changes = ['$ledger/pins', '$ledger/', '$ledgers', '$lists/a', 'a$ledger/'].map((scope) =>
      put(scope, 'k', '', { size: 7 }),
    );
    await commit(engine, 'app', changes);
    expect((await engine.read('app', [])).head).toMatchObject({ entries: 3, bytes: 21 });
    expect(await names(engine)).toEqual(changes.map(({ scope }) => scope).sort(byBytes));
    expect(await stat(engine, '$ledger/pins')).toMatchObject({ entries: 1, bytes: 7 });
  });
}

function emptying(contract: Contract): void {
  contract.test('an emptied scope leaves the list and keeps its revision', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a'), put('t', 'b')]);
    await commit(engine, 'app', [remove('s', 'a')]);
    await commit(engine, 'app', [put('t', 'b')]);
    expect(await names(engine)).toEqual(['t']);
    expect(await stat(engine, 's')).toEqual({ scope: 's', entries: 0, bytes: 0, revision: 2 });
    expect((await engine.read('app', [])).head.entries).toBe(1);
  });

  contract.test(
    'an emptied scope keeps its revision while the log reaches back to it',
    async (world) => {
      const engine = await world.open();
      await commit(engine, 'app', [put('s', 'a')]);
      await commit(engine, 'app', [put('t', 'b')]);
      await commit(engine, 'app', [remove('s', 'a')]);
      await commit(engine, 'app', [put('t', 'b')], { trimThrough: 2 });
      expect(await stat(engine, 's')).toEqual({ scope: 's', entries: 0, bytes: 0, revision: 3 });
      await commit(engine, 'app', [put('t', 'b')], { trimThrough: 4 });
      expect(await stat(engine, 's')).toMatchObject({ scope: 's', entries: 0, bytes: 0 });
      expect(await names(engine)).toEqual(['t']);
    },
  );

  contract.test('an emptied scope fills up again from zero', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a', '', { size: 9 })]);
    await commit(engine, 'app', [remove('s', 'a')], { trimThrough: 1 });
    await commit(engine, 'app', [put('s', 'b', '', { size: 4 })], { trimThrough: 2 });
    expect(await stat(engine, 's')).toEqual({ scope: 's', entries: 1, bytes: 4, revision: 3 });
    expect(await names(engine)).toEqual(['s']);
    expect(await readOne(engine, 'app', 's', 'b')).toMatchObject({ version: 3 });
  });
}

function listing(contract: Contract): void {
  const ordered = ['!', 'A', 'a', 'a b', 'a/b', 'b', 'é', '\uff00', '\u{1f600}'];

  contract.test('scopes are listed by the UTF-8 bytes of their names', async (world) => {
    const engine = await world.open();
    await commit(
      engine,
      'app',
      [...ordered].reverse().map((scope) => put(scope, 'k')),
    );
    await commit(engine, 'other', [put('elsewhere', 'k')]);
    expect(await names(engine)).toEqual(ordered);
    for (const limit of [1, 2, 4, 9, 10]) expect(await names(engine, { limit })).toEqual(ordered);
  });

  contract.test('bounds of scope names are inclusive and after is exclusive', async (world) => {
    const engine = await world.open();
    await commit(
      engine,
      'app',
      ordered.map((scope) => put(scope, 'k')),
    );
    expect(await names(engine, { from: 'a', to: 'b' })).toEqual(['a', 'a b', 'a/b', 'b']);
    expect(await names(engine, { from: 'a', to: 'b', after: 'a' })).toEqual(['a b', 'a/b', 'b']);
    expect(await names(engine, { from: 'aa', to: 'ab' })).toEqual([]);
    expect(await names(engine, { after: 'é' })).toEqual(['\uff00', '\u{1f600}']);
    expect(await names(engine, { to: '!' })).toEqual(['!']);
    expect(await names(engine, { from: 'b', to: 'a' })).toEqual([]);
    expect(await names(engine, { after: '\u{1f600}' })).toEqual([]);
  });

  contract.test('a ledger without commits has no scopes', async (world) => {
    const engine = await world.open();
    const { scopes, head } = await engine.scopes('app', { limit: 10 });
    expect([scopes, head.revision]).toEqual([[], 0]);
  });
}

function expired(contract: Contract): void {
  contract.test('the census tells what is past its expiry but not yet swept', async (world) => {
    const engine = await world.open();
    const [past, future] = [1, 8_640_000_000_000_000];
    await commit(engine, 'app', [
      put('s', 'a', '', { expiresAt: past, size: 10 }),
      put('s', 'b', '', { expiresAt: past + 1, size: 20 }),
      put('s', 'c', '', { expiresAt: future, size: 40 }),
      put('s', 'd', '', { size: 80 }),
      put('t', 'e', '', { size: 5 }),
    ]);
    await commit(engine, 'other', [put('t', 'e', '', { expiresAt: past })]);
    expect(await census(engine)).toEqual([
      { scope: 's', entries: 4, bytes: 150, revision: 1, expiredEntries: 2, expiredBytes: 30 },
      { scope: 't', entries: 1, bytes: 5, revision: 1, expiredEntries: 0, expiredBytes: 0 },
    ]);
    await commit(engine, 'app', [remove('s', 'a'), put('s', 'b', '', { size: 21 })]);
    expect((await census(engine))[0]).toMatchObject({ expiredEntries: 0, expiredBytes: 0 });
  });

  contract.testWith(
    ['injectedClock'],
    'the census counts an entry as expired from its millisecond on',
    async (world) => {
      const clock = new ManualClock(5000);
      const engine = await world.open({ clock });
      await commit(engine, 'app', [put('s', 'a', '', { expiresAt: 5100 })]);
      const count = async () => (await census(engine))[0]!.expiredEntries;
      expect(await count()).toBe(0);
      clock.set(5099);
      expect(await count()).toBe(0);
      clock.set(5100);
      expect(await count()).toBe(1);
      await commit(engine, 'app', [put('t', 'x')]);
      clock.set(10);
      expect(await count()).toBe(1);
    },
  );
}
