/** The log: every commit in order, complete enough that folding it gives the state. */
import { expect } from 'vitest';
import { origin } from '../../../ledger/index.ts';
import type { Commit, Entry } from '../../../ledger/index.ts';
import {
  commit,
  commitsOf,
  drop,
  increment,
  logOf,
  runDuties,
  scanAll,
  set,
  told,
  write,
} from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

export function logContract(contract: LedgerContract): void {
  content(contract);
  paging(contract);
}

/** The state that the commits add up to: entries without their size's proof. */
function fold(commits: readonly Commit[]): Map<string, Partial<Entry>> {
  const state = new Map<string, Partial<Entry>>();
  for (const { changes, position, time } of commits) {
    for (const {
      kind,
      key,
      scope,
      createdAt,
      expiresAt,
      schema,
      size,
      value,
      previous,
    } of changes) {
      const address = `${scope}\0${key}`;
      const { version } = state.get(address) ?? {};
      expect(previous?.version).toBe(version);
      if (kind === 'deleted' || kind === 'expired') state.delete(address);
      else {
        const fields = { scope, key, createdAt, expiresAt, schema, size, value: value! };
        state.set(address, { ...fields, version: position.revision, updatedAt: time });
      }
    }
  }
  return state;
}

function content(contract: LedgerContract): void {
  contract.test('folding the log gives the state', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    for (let turn = 0; turn < 60; turn += 1) {
      const key = `k${(turn * 7) % 11}`;
      const large = turn % 5 === 0 ? 'x'.repeat(5000) : '';
      await Promise.all([
        write(app, set(key, { turn, large }, turn % 3 === 0 ? { ttlMs: 40 } : {})),
        write(app, increment('n'), set('other', turn, { scope: 't', schema: turn })),
        ...(turn % 4 === 0 ? [write(app, drop(`k${turn % 11}`))] : []),
        write(app, { kind: 'touch', scope: 's', key: 'k3', ttlMs: 30 }),
      ]);
      clock.advance(7);
    }
    await runDuties(opened);
    const state = fold(await logOf(app, { limit: 7 }));
    const entries = [
      ...(await scanAll(app, { scope: 's' })),
      ...(await scanAll(app, { scope: 't' })),
    ];
    expect(state.size).toBe(entries.length);
    for (const entry of entries) {
      const folded = state.get(`${entry.scope}\0${entry.key}`)!;
      expect({ ...folded, value: folded.value?.decode() }).toEqual({
        ...entry,
        value: entry.value.decode(),
      });
    }
  });

  contract.test('a change says what the entry is and what it was', async (world) => {
    const { app, clock } = await world.start();
    const first = await write(app, set('k', { a: 1 }, { ttlMs: 1000, schema: 1 }));
    clock.advance(5);
    const second = await write(app, set('k', { a: 2 }, { schema: 2 }));
    const [, { changes, time, position }] = (await logOf(app)) as [Commit, Commit];
    expect([time, position]).toEqual([second.time, second.position]);
    const { value, previous, ...change } = changes[0]!;
    expect(change).toEqual({
      scope: 's',
      key: 'k',
      kind: 'updated',
      createdAt: first.time,
      expiresAt: undefined,
      schema: 2,
      size: 8,
    });
    expect(value!.decode()).toEqual({ a: 2 });
    const { value: was, ...before } = previous!;
    expect(before).toEqual({
      version: first.position.revision,
      createdAt: first.time,
      updatedAt: first.time,
      expiresAt: first.time + 1000,
      schema: 1,
      size: 8,
    });
    expect(was!.decode()).toEqual({ a: 1 });
  });

  contract.test(
    'a commit has its actor, its cause and, of a lone update, the operations',
    async (world) => {
      const { app } = await world.start();
      const cause = { kind: 'trigger', id: 't1', depth: 2 };
      await commit(app, { mutations: [increment('n')], actor: 'ann', cause });
      await write(app, increment('n'), increment('n'));
      const [first, second] = await logOf(app);
      expect(first).toMatchObject({ actor: 'ann', cause });
      expect(first!.changes[0]!.operations).toMatchObject([{ op: 'increment' }]);
      expect(second!.changes[0]!.operations).toBeUndefined();
      expect(second).not.toHaveProperty('actor');
      expect(second).not.toHaveProperty('cause');
    },
  );

  contract.test('values of every kind pass through the log unchanged', async (world) => {
    const { app } = await world.start();
    const values = [
      null,
      true,
      0,
      -1.5,
      1e-300,
      '',
      '\n',
      '"\\',
      'é😀\u2028',
      [],
      {},
      [[{}]],
      '!',
      '*',
    ];
    const bytes = [new Uint8Array(), Uint8Array.of(0, 255, 10)];
    for (const value of [...values, ...bytes]) await write(app, set('k', value));
    const commits = await logOf(app);
    const seen = commits.map(({ changes }) => changes[0]!.value!.decode());
    expect(seen).toEqual([...values, ...bytes]);
    const were = commits.slice(1).map(({ changes }) => changes[0]!.previous!.value!.decode());
    expect(were).toEqual([...values, ...bytes].slice(0, -1));
  });
}

function paging(contract: LedgerContract): void {
  contract.test('pages join to the whole log, without gap or duplicate', async (world) => {
    const { app } = await world.start();
    for (let turn = 0; turn < 10; turn += 1) {
      await Promise.all(Array.from({ length: 5 }, () => write(app, increment('n'))));
    }
    const whole = (await logOf(app)).map(({ position }) => position.revision);
    expect(whole).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    for (const limit of [1, 2, 7, 49, 50, 51]) {
      const paged = await logOf(app, { limit });
      expect(paged.map(({ position }) => position.revision)).toEqual(whole);
    }
    for (const { position } of await logOf(app)) {
      const [next] = commitsOf(await app.log(position, { limit: 1 })).commits;
      expect(next?.position.revision).toBe(
        position.revision === 50 ? undefined : position.revision + 1,
      );
    }
  });

  contract.test('a filter leaves in exactly what matches', async (world) => {
    const { app } = await world.start();
    const scopes = ['s', 't', '*', '!', 's\nt', 'é'];
    for (const scope of scopes) {
      await write(app, set('a', scope, { scope }), set('ab', 1, { scope }), set('k', 1));
    }
    await write(
      app,
      ...Array.from({ length: 30 }, (_, index) => set('a', 1, { scope: `many ${index}` })),
    );
    for (const scope of scopes.slice(1)) {
      expect(told(await logOf(app, { scope }))).toEqual([
        `created a ${JSON.stringify(scope)}`,
        'created ab 1',
      ]);
      expect(told(await logOf(app, { scope, key: 'ab' }))).toEqual(['created ab 1']);
      expect(told(await logOf(app, { scope, prefix: 'a' }))).toHaveLength(2);
      expect(told(await logOf(app, { scope, prefix: 'ab' }))).toEqual(['created ab 1']);
      expect(told(await logOf(app, { scope, key: 'a', prefix: 'ab' }))).toEqual([]);
    }
    expect(told(await logOf(app, { scope: 'many 29' }))).toEqual(['created a 1']);
    expect(told(await logOf(app, { scope: 'none' }))).toEqual([]);
  });

  contract.test('keys alone have neither values nor operations', async (world) => {
    const { app } = await world.start();
    await write(app, set('n', 1), set('large', 'x'.repeat(9000)));
    await write(app, increment('n'));
    await write(app, drop('n'));
    const commits = await logOf(app, { keysOnly: true });
    expect(told(commits)).toEqual(['created n', 'created large', 'updated n', 'deleted n']);
    const [, , removed] = commits;
    expect(removed!.changes[0]!.previous).toMatchObject({ size: 2, value: undefined });
    for (const { changes } of commits) {
      for (const change of changes) expect(change.operations).toBeUndefined();
    }
  });

  contract.test('a reader moves on where everything is filtered out', async (world) => {
    const opened = await world.start();
    const { app } = opened;
    for (let turn = 0; turn < 20; turn += 1) await write(app, set('k', turn));
    const page = commitsOf(await app.log(origin, { scope: 'elsewhere' }));
    const { position } = await app.head();
    expect([page.commits, page.through, page.head]).toEqual([[], position, position]);
    await app.pin('upkeep takes revisions too', position, 1000);
    const after = commitsOf(await app.log(page.through));
    expect([after.commits, after.through]).toEqual([[], (await app.head()).position]);
  });

  contract.test('the log of an app without commits is empty', async (world) => {
    const { app } = await world.start();
    const page = commitsOf(await app.log(origin));
    expect([page.commits, page.through.revision, page.head.revision]).toEqual([[], 0, 0]);
  });
}
