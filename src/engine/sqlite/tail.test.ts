import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../internal/clock.ts';
import { seededRandom, systemRandom } from '../../internal/random.ts';
import type { EngineOptions } from '../registry.ts';
import type { Decision, Work } from '../transaction.ts';
import { openSqliteEngine } from './index.ts';
import type { SqliteEngine } from './index.ts';

const defaults: EngineOptions = {
  clock: systemClock,
  random: systemRandom,
  cacheBytes: 1 << 20,
  busyTimeoutMs: 1000,
  mustExist: false,
  readOnly: false,
};

const root = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-tail-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
let path = '';
const opened: SqliteEngine[] = [];
beforeEach(() => {
  path = join(root, `${(count += 1)}.db`);
});
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
});

async function open(options: Partial<EngineOptions> = {}, at = path): Promise<SqliteEngine> {
  const engine = await openSqliteEngine(`file:${at}`, { ...defaults, ...options });
  opened.push(engine);
  return engine;
}

const sequences = new Map<string, number>();

function stamp(member: string) {
  const sequence = (sequences.get(member) ?? 0) + 1;
  sequences.set(member, sequence);
  return { member, sequence };
}

async function transact(engine: SqliteEngine, member: string, shape: Partial<Decision>) {
  const nothing = { revisions: 0, writes: [], scopes: [], log: undefined };
  const work: Work = {
    ledger: 'app',
    reads: { refs: [], scopes: [] },
    decide: () => ({ kind: 'decision', ...nothing, ...shape }),
  };
  return engine.transact([work], { stamp: stamp(member), durability: 'relaxed' });
}

/** Adds to the counts of scopes, with a row of the log; what is in them is of no concern here. */
async function add(
  engine: SqliteEngine,
  member: string,
  scopes: Readonly<Record<string, readonly [entries: number, bytes: number]>>,
) {
  return transact(engine, member, {
    revisions: 1,
    scopes: Object.entries(scopes).map(([scope, [entries, bytes]]) => {
      return { scope, entries, bytes, offset: 1 };
    }),
    log: { body: '{"é":1}', tags: Object.keys(scopes).join('\n') },
  });
}

type Counted = Map<string, { entries: number; bytes: number; revision: number }>;

async function countsOf(engine: SqliteEngine): Promise<Counted> {
  const { scopes } = await engine.scopes('app', { limit: 5000 });
  return new Map(
    scopes.map(({ scope, entries, bytes, revision }) => [scope, { entries, bytes, revision }]),
  );
}

/** How many rows of the log the file's rows of `scope` do not know yet. */
function tailLength(): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database
    .prepare('SELECT count(*) AS length FROM log WHERE id & 4398046511103 > ?')
    .get(
      Number(database.prepare(`SELECT revision FROM scope WHERE name = ''`).get()?.['revision']),
    );
  database.close();
  return Number(row?.['length']);
}

describe('the tail of a ledger', () => {
  it('counts alike for every handle, whoever commits, folds, trims or is opened anew', async () => {
    const random = seededRandom(3);
    const pick = (below: number) => Math.floor(random.float() * below);
    const handles = [await open(), await open({ cacheBytes: 0 })];
    const expected: Counted = new Map();
    const head = { revision: 0, entries: 0, bytes: 0, logBytes: 0 };
    for (let turn = 0; turn < 1500; turn += 1) {
      // Bursts of one handle leave a tail; a change of handles folds it.
      const who = Math.floor(turn / 100) % 2;
      const engine = handles[who]!;
      const change: Record<string, [number, number]> = {};
      for (let at = pick(4); at >= 0; at -= 1) {
        const scope = pick(50) === 0 ? `new${turn}` : `s${pick(5)}`;
        const before = expected.get(scope) ?? { entries: 0, bytes: 0, revision: 0 };
        if (change[scope] !== undefined) continue;
        // Now and then a scope is emptied, so that tails also empty and refill.
        const entries = pick(6) === 0 ? -before.entries : 1;
        const bytes = entries < 0 ? -before.bytes : pick(100);
        change[scope] = [entries, bytes];
        expected.set(scope, {
          entries: before.entries + entries,
          bytes: before.bytes + bytes,
          revision: head.revision + 1,
        });
        head.entries += entries;
        head.bytes += bytes;
      }
      await add(engine, `m${who}`, change);
      head.revision += 1;
      head.logBytes += 8;
      if (pick(100) === 0) {
        await transact(engine, `m${who}`, { trimThrough: head.revision - 10 });
        head.logBytes = 80;
      }
      if (pick(150) === 0) {
        await engine.close();
        handles[who] = await open();
      }
      if (pick(10) > 0) continue;
      const stored = new Map([...expected].filter(([, { entries }]) => entries > 0));
      for (const each of handles) {
        expect(await countsOf(each)).toEqual(stored);
        expect((await each.read('app', [])).head).toMatchObject(head);
      }
    }
  });

  it('is seen by those who only read, and in a copy made without a close', async () => {
    const engine = await open();
    await add(engine, 'm', { a: [1, 10], b: [1, 1] });
    await add(engine, 'm', { a: [2, 20] });
    await add(engine, 'm', { b: [-1, -1] });
    expect(tailLength()).toBe(2);
    const counts = new Map([['a', { entries: 3, bytes: 30, revision: 2 }]]);
    expect(await countsOf(await open({ readOnly: true }))).toEqual(counts);
    const copy = join(root, 'copy.db');
    copyFileSync(path, copy);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    const crashed = await open({}, copy);
    expect(await countsOf(crashed)).toEqual(counts);
    expect((await crashed.read('app', [])).head).toMatchObject({ revision: 3, entries: 3 });
    await add(crashed, 'other', { b: [1, 1] });
    expect((await countsOf(crashed)).get('b')).toEqual({ entries: 1, bytes: 1, revision: 4 });
    expect((await countsOf(crashed)).get('a')).toEqual(counts.get('a'));
  });

  it('does not grow without end, in groups or in scopes', async () => {
    const engine = await open();
    let longest = 0;
    for (let turn = 0; turn < 200; turn += 1) {
      await add(engine, 'm', { a: [1, 1] });
      longest = Math.max(longest, tailLength());
    }
    expect(longest).toBeGreaterThan(10);
    expect(longest).toBeLessThanOrEqual(64);
    const many = Object.fromEntries(
      Array.from({ length: 2000 }, (_, at) => [`s${at}`, [1, 1] as const]),
    );
    for (let turn = 0; turn < 3; turn += 1) {
      await add(engine, 'm', many);
      expect(tailLength()).toBeLessThanOrEqual(1);
    }
    expect((await countsOf(engine)).get('s1999')).toMatchObject({ entries: 3, bytes: 3 });
  });

  it('is folded by a close', async () => {
    const [engine, reader] = [await open(), await open({ readOnly: true })];
    for (let turn = 0; turn < 5; turn += 1) await add(engine, 'm', { a: [1, 1] });
    expect(tailLength()).toBe(4);
    const before = await countsOf(reader);
    await engine.close();
    expect(tailLength()).toBe(0);
    expect(await countsOf(reader)).toEqual(before);
  });

  it('knows the last stamp, and is folded by a fence', async () => {
    const engine = await open();
    for (let turn = 0; turn < 4; turn += 1) await add(engine, 'n', { a: [1, 1] });
    const last = { member: 'n', sequence: 4 };
    expect(await engine.resolve('app', last)).toMatchObject({ kind: 'applied', base: 3 });
    const other = await open();
    expect(await other.resolve('app', last)).toMatchObject({ kind: 'applied', base: 3 });
    expect(await other.resolve('app', { member: 'n', sequence: 5 })).toBe('not-applied');
    expect(tailLength()).toBe(0);
    await expect(add(engine, 'n', { a: [1, 1] })).rejects.toMatchObject({ code: 'fenced' });
    sequences.set('n', 5);
    await add(engine, 'n', { a: [1, 1] });
    expect((await countsOf(other)).get('a')).toEqual({ entries: 5, bytes: 5, revision: 5 });
  });

  it('tells listeners of another process that a head has moved', async () => {
    const [engine, other] = [await open(), await open()];
    await add(engine, 'm', { a: [1, 1] });
    const heard: string[] = [];
    const moved = new Promise<void>((resolve) => {
      other.subscribe((ledger) => {
        heard.push(ledger);
        resolve();
      });
    });
    await add(engine, 'm', { a: [1, 1] });
    expect(tailLength()).toBe(1);
    await moved;
    expect(heard).toEqual(['app']);
  });
});
