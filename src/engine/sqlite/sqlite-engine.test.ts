import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import { systemRandom } from '../../internal/random.ts';
import type { Content } from '../entry.ts';
import type { EngineOptions } from '../registry.ts';
import type { Decision, Durability, Outcome, Work } from '../transaction.ts';
import { Connection } from './file/connection.ts';
import { openSqliteEngine, SqliteEngine } from './index.ts';

const defaults: EngineOptions = {
  clock: systemClock,
  random: systemRandom,
  cacheBytes: 1 << 20,
  busyTimeoutMs: 1000,
  mustExist: false,
  readOnly: false,
};

const root = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-engine-')));
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

async function open(options: Partial<EngineOptions> = {}): Promise<SqliteEngine> {
  const engine = await openSqliteEngine(`file:${path}`, { ...defaults, ...options });
  opened.push(engine);
  return engine;
}

let sequence = 0;

function stamp() {
  return { member: 'test', sequence: (sequence += 1) };
}

const nothing: Decision = {
  kind: 'decision',
  revisions: 0,
  writes: [],
  scopes: [],
  log: undefined,
};

/** A work that puts these contents into scope `s`, or deletes where there is none. */
function working(contents: Readonly<Record<string, Content | undefined>>, ledger = 'app'): Work {
  return {
    ledger,
    reads: { refs: [], scopes: [] },
    decide: ({ time }) => ({
      kind: 'decision',
      revisions: 1,
      writes: Object.entries(contents).map(([key, content]) =>
        content === undefined
          ? { kind: 'delete', scope: 's', key }
          : {
              kind: 'put',
              scope: 's',
              key,
              content,
              offset: 1,
              createdAt: time,
              updatedAt: time,
              expiresAt: undefined,
              schema: 0,
              size: content.length,
              external: false,
            },
      ),
      scopes: [{ scope: 's', entries: 1, bytes: 1, offset: 1 }],
      log: { body: JSON.stringify(contents), tags: 's' },
    }),
  };
}

async function put(
  engine: SqliteEngine,
  contents: Readonly<Record<string, Content | undefined>>,
  durability: Durability = 'sync',
): Promise<Outcome | undefined> {
  const [outcome] = await engine.transact([working(contents)], { stamp: stamp(), durability });
  return outcome;
}

async function upkeep(engine: SqliteEngine, shape: Partial<Decision>): Promise<void> {
  const decide = () => ({ ...nothing, ...shape });
  const work = { ledger: 'app', reads: { refs: [], scopes: [] }, decide };
  await engine.transact([work], { stamp: stamp(), durability: 'sync' });
}

async function contentOf(engine: SqliteEngine, key: string): Promise<Content | undefined> {
  return (await engine.read('app', [{ scope: 's', key }])).entries[0]?.content;
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return isHoldfastError(error) ? error.code : `no code: ${String(error)}`;
}

/** Whether the text is anywhere in the files of the store. */
function isOnDisk(text: string): boolean {
  return readdirSync(root)
    .filter((name) => join(root, name).startsWith(path))
    .some((name) => readFileSync(join(root, name)).includes(text));
}

describe('SqliteEngine and its cache', () => {
  it.each([0, 2000, 1 << 20])('answers alike with %i bytes of cache', async (cacheBytes) => {
    const engine = await open({ cacheBytes });
    const other = await open({ cacheBytes });
    const expected = new Map<string, string>();
    for (let turn = 0; turn < 300; turn += 1) {
      const key = `k${(turn * 7) % 23}`;
      const content = turn % 5 === 4 ? undefined : `${turn}`.padEnd(turn % 200, '.');
      await put(turn % 3 === 0 ? other : engine, { [key]: content });
      if (content === undefined) expected.delete(key);
      else expected.set(key, content);
      for (const each of [engine, other]) {
        const probe = `k${(turn * 11) % 23}`;
        expect(await contentOf(each, probe)).toBe(expected.get(probe));
        expect(await contentOf(each, key)).toBe(content);
      }
    }
  });

  it('keeps nothing of what was rolled back', async () => {
    const engine = await open();
    await put(engine, { a: 'before' });
    const failing: Work = {
      ledger: 'other',
      reads: { refs: [], scopes: [] },
      decide: () => {
        throw new Error('decide failed');
      },
    };
    const works = [working({ a: 'after', b: 'new' }), failing];
    const call = engine.transact(works, { stamp: stamp(), durability: 'sync' });
    await expect(call).rejects.toThrow('decide failed');
    expect(await contentOf(engine, 'a')).toBe('before');
    expect(await contentOf(engine, 'b')).toBeUndefined();
    expect(await put(engine, { b: 'again' })).toMatchObject({ base: 1 });
  });
});

describe('SqliteEngine.scrub', () => {
  const secret = (name: string) => `secret-${name}-${'0123456789'.repeat(400)}`;

  it('leaves nothing of what was deleted, rewritten or trimmed', async () => {
    const engine = await open();
    for (let index = 0; index < 60; index += 1) {
      await put(engine, { [`noise${index}`]: 'n'.repeat(index * 37), [`s${index}`]: secret('a') });
    }
    await put(engine, { small: 'secret-small' });
    for (let index = 0; index < 60; index += 2) await put(engine, { [`s${index}`]: 'short' });
    for (let index = 0; index < 60; index += 1) await put(engine, { [`s${index}`]: undefined });
    await put(engine, { small: undefined });
    const { rows } = await engine.log('app', { after: 0, limit: 1000 });
    await upkeep(engine, { trimThrough: 30 });
    await upkeep(engine, { rewrites: rows.map(({ last }) => ({ last, body: '{}' })) });
    expect(isOnDisk('secret-')).toBe(true);
    await engine.scrub();
    expect(isOnDisk('secret-')).toBe(false);
    expect(isOnDisk('0123456789012345')).toBe(false);
    expect(await engine.integrityCheck()).toEqual([]);
    expect(await contentOf(engine, 'noise7')).toBe('n'.repeat(7 * 37));
    expect(await put(engine, { after: 'x' })).toMatchObject({ kind: 'applied' });
  });

  it('does not grow the file', async () => {
    const engine = await open();
    await put(engine, { a: 'x'.repeat(6_000_000) });
    await put(engine, { a: undefined });
    await engine.checkpoint();
    const { size } = statSync(path);
    await engine.scrub();
    await engine.scrub();
    expect(statSync(path).size).toBeLessThanOrEqual(size + 8192);
    expect(statSync(`${path}-wal`).size).toBe(0);
  });
});

describe('SqliteEngine and its WAL', () => {
  it('is bounded while one process writes', async () => {
    const engine = await open();
    for (let index = 0; index < 60; index += 1) {
      await put(engine, { [`k${index % 5}`]: `${index}`.repeat(200_000) }, 'relaxed');
      await upkeep(engine, { trimThrough: index });
    }
    expect(statSync(`${path}-wal`).size).toBeLessThan(64 << 20);
    const stats = await engine.stats();
    expect(stats.facts).toMatchObject({ pageSize: 4096 });
    expect(stats.storedBytes).toBeGreaterThan(200_000);
  });

  it('is gone after the last close', async () => {
    const [one, two] = [await open(), await open()];
    await put(one, { a: 'x' }, 'relaxed');
    await one.close();
    await two.close();
    const names = readdirSync(root).filter((name) => join(root, name).startsWith(path));
    expect(names).toEqual([`${count}.db`]);
  });
});

/** A database of which COMMIT, or anything that writes, fails as told. */
class FailingDatabase {
  errcode: number | undefined;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction;
  }

  prepare(sql: string): unknown {
    const statement = this.#database.prepare(sql);
    if (sql !== 'COMMIT') return statement;
    return {
      get: () => {
        if (this.errcode === undefined) return statement.get();
        const error = Object.assign(new Error('disk I/O error'), { errcode: this.errcode });
        throw error;
      },
    };
  }

  exec(sql: string): void {
    if (sql.includes('wal_checkpoint') && this.errcode !== undefined) {
      throw Object.assign(new Error('disk I/O error'), { errcode: this.errcode });
    }
    this.#database.exec(sql);
  }

  close(): void {
    this.#database.close();
  }
}

async function openFailing(): Promise<{ engine: SqliteEngine; database: FailingDatabase }> {
  await (await open()).close();
  const database = new FailingDatabase(new DatabaseSync(path));
  const connection = new Connection(database as unknown as DatabaseSync, path, defaults);
  const engine = new SqliteEngine(connection, defaults);
  opened.push(engine);
  return { engine, database };
}

describe('SqliteEngine when COMMIT fails', () => {
  it('does not know what became of a commit whose sync failed, until it is resolved', async () => {
    const { engine, database } = await openFailing();
    await put(engine, { a: 'before' });
    database.errcode = 1034;
    const lost = stamp();
    const works = [working({ a: 'lost' })];
    const outcomes = await engine.transact(works, { stamp: lost, durability: 'sync' });
    expect(outcomes).toMatchObject([{ kind: 'unknown' }]);
    expect(await codeOf(engine.resolve('app', lost))).toBe('unavailable');
    database.errcode = undefined;
    expect(await contentOf(engine, 'a')).toBe('before');
    expect(await engine.resolve('app', lost)).toBe('not-applied');
    const late = engine.transact(works, { stamp: lost, durability: 'sync' });
    expect(await codeOf(late)).toBe('fenced');
    expect(await put(engine, { a: 'after' })).toMatchObject({ base: 1 });
  });

  it.each([
    [13, 'disk_full'],
    [4874, 'disk_full'],
    [778, 'unavailable'],
    [8, 'store_read_only'],
    [11, 'store_corrupt'],
  ])('says of SQLite code %i that it is %s and applies nothing', async (errcode, code) => {
    const { engine, database } = await openFailing();
    await put(engine, { a: 'before' });
    database.errcode = errcode;
    expect(await codeOf(put(engine, { a: 'lost', b: 'lost' }))).toBe(code);
    database.errcode = undefined;
    expect(await contentOf(engine, 'a')).toBe('before');
    expect(await contentOf(engine, 'b')).toBeUndefined();
    expect(await put(engine, { a: 'after' })).toMatchObject({ base: 1 });
    expect(await contentOf(engine, 'a')).toBe('after');
  });
});

describe('SqliteEngine when it cannot write its WAL back', () => {
  it('closes all the same, and what was committed is there', async () => {
    const { engine, database } = await openFailing();
    await put(engine, { a: 'kept' });
    database.errcode = 13;
    await engine.close();
    expect(await contentOf(await open(), 'a')).toBe('kept');
  });
});

describe('SqliteEngine without room', () => {
  it('says disk_full, keeps what was there and goes on with room', async () => {
    const script = `
      import { execFileSync } from 'node:child_process';
      import { openSqliteEngine } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
      import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../internal/clock.ts'))};
      import { systemRandom } from ${JSON.stringify(join(import.meta.dirname, '../../internal/random.ts'))};
      const options = { clock: systemClock, random: systemRandom, cacheBytes: 0, busyTimeoutMs: 100,
        mustExist: false, readOnly: false };
      const engine = await openSqliteEngine(process.argv[1], options);
      let sequence = 0;
      const put = (key, content) => engine.transact([{ ledger: 'app', reads: { refs: [], scopes: [] },
        decide: ({ time }) => ({ kind: 'decision', revisions: 1, log: undefined, writes: [{ kind: 'put',
          scope: 's', key, content, offset: 1, createdAt: time, updatedAt: time, schema: 0, size: 1,
          external: false }], scopes: [{ scope: 's', entries: 1, bytes: 1, offset: 1 }] }) }],
        { stamp: { member: 'm', sequence: (sequence += 1) }, durability: 'sync' });
      let stored = 0;
      for (; stored < 1000; stored += 1) {
        const error = await put('k' + stored, 'x'.repeat(100_000)).then(() => undefined, (e) => e);
        if (error === undefined) continue;
        console.log(error.code, error.outcome);
        break;
      }
      const { head, entries } = await engine.read('app', [{ scope: 's', key: 'k0' }]);
      console.log(head.revision === stored, entries[0].content.length);
      execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:']);
      await engine.checkpoint();
      console.log((await put('small', 'y'))[0].kind, (await engine.integrityCheck()).length);
      await engine.close();`;
    const command = 'ulimit -S -f 2000; exec "$0" --input-type=module -e "$1" "$2"';
    const args = ['-c', command, process.execPath, script, `file:${path}`];
    const { stdout } = await promisify(execFile)('bash', args);
    expect(stdout.trim().split('\n')).toEqual([
      'disk_full not-applied',
      'true 100000',
      'applied 0',
    ]);
  });
});
