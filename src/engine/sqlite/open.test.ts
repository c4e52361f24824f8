import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import { systemRandom } from '../../internal/random.ts';
import type { EngineOptions } from '../registry.ts';
import type { Work } from '../transaction.ts';
import { openSqliteEngine } from './index.ts';
import type { SqliteEngine } from './index.ts';
import { isOldVersion } from './open.ts';
import { applicationId, formatVersion } from './schema.ts';

const defaults: EngineOptions = {
  clock: systemClock,
  random: systemRandom,
  cacheBytes: 1 << 20,
  busyTimeoutMs: 1000,
  mustExist: false,
  readOnly: false,
};

const root = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-open-')));
chmodSync(root, 0o777);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
let folder = root;
let path = root;
beforeEach(() => {
  folder = join(root, `${(count += 1)}`);
  mkdirSync(folder, { mode: 0o777 });
  chmodSync(folder, 0o777);
  path = join(folder, 'store.db');
});

function open(at = path, options: Partial<EngineOptions> = {}): Promise<SqliteEngine> {
  return openSqliteEngine(`file:${at}`, { ...defaults, ...options });
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return isHoldfastError(error) ? error.code : `no code: ${String(error)}`;
}

let sequence = 0;

async function put(engine: SqliteEngine, key: string, content = 'x'): Promise<unknown> {
  const work: Work = {
    ledger: 'app',
    reads: { refs: [], scopes: [] },
    decide: ({ time }) => ({
      kind: 'decision',
      revisions: 1,
      writes: [
        {
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
      ],
      scopes: [{ scope: 's', entries: 1, bytes: content.length, offset: 1 }],
      log: { body: content, tags: 's' },
    }),
  };
  const stamp = { member: 'test', sequence: (sequence += 1) };
  return engine.transact([work], { stamp, durability: 'sync' });
}

/** Everything in the folder, to the byte. */
function contents(): Map<string, string> {
  return new Map(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'latin1')]),
  );
}

describe('openSqliteEngine with paths', () => {
  it('makes the file and the folders above it, and finds them again', async () => {
    const deep = join(folder, 'a', 'b', 'store.db');
    const engine = await open(deep);
    await put(engine, 'k');
    await engine.close();
    const again = await open(deep, { mustExist: true });
    expect((await again.read('app', [])).head.revision).toBe(1);
    await again.close();
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['store.db']);
  });

  it('takes relative paths, file URLs with an empty host and unusual names', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await (await openSqliteEngine('file:./relative.db', defaults)).close();
    } finally {
      process.chdir(before);
    }
    await (await openSqliteEngine(`file://${folder}/slashes.db`, defaults)).close();
    await (await open(join(folder, 'ä %41?mode=ro#x.db'))).close();
    await (await open(join(folder, 'ä %41?mode=ro#x.db'), { mustExist: true })).close();
    expect(readdirSync(folder).sort()).toEqual(['relative.db', 'slashes.db', 'ä %41?mode=ro#x.db']);
  });

  it('refuses what names no file', async () => {
    writeFileSync(join(folder, 'plain'), 'text');
    for (const bad of ['', folder, `${folder}/`, `${path}\0`, join(folder, 'plain', 'x.db')]) {
      expect([bad, await codeOf(open(bad))]).toEqual([bad, 'invalid_argument']);
    }
    expect(await codeOf(open(join(folder, 'n'.repeat(300))))).toBe('invalid_argument');
    expect(await codeOf(openSqliteEngine('file://host/x.db', defaults))).toBe('invalid_argument');
    expect(await codeOf(open('/dev/null'))).toBe('invalid_argument');
  });

  it('makes nothing where the store must exist', async () => {
    const missing = join(folder, 'none', 'store.db');
    expect(await codeOf(open(missing, { mustExist: true }))).toBe('store_missing');
    expect(await codeOf(open(missing, { readOnly: true }))).toBe('store_missing');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes an empty file for a new store', async () => {
    writeFileSync(path, '');
    expect(await codeOf(open(path, { mustExist: true }))).toBe('store_missing');
    await (await open()).close();
    await (await open(path, { mustExist: true })).close();
  });
});

describe('openSqliteEngine with other files', () => {
  async function expectUntouched(code: string): Promise<void> {
    const before = contents();
    for (const options of [{}, { mustExist: true }, { readOnly: true }]) {
      expect(await codeOf(open(path, options))).toBe(code);
    }
    expect(contents()).toEqual(before);
  }

  function makeOther(sql: string): void {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  }

  it('leaves a text file alone', async () => {
    writeFileSync(path, 'not a database, but a letter\n'.repeat(500));
    await expectUntouched('store_foreign');
    writeFileSync(path, 'short');
    await expectUntouched('store_foreign');
  });

  it('leaves an SQLite file with tables alone', async () => {
    makeOther('CREATE TABLE letters (text); INSERT INTO letters VALUES (1)');
    await expectUntouched('store_foreign');
  });

  it('leaves an SQLite file in WAL mode alone', async () => {
    makeOther('PRAGMA journal_mode = WAL; CREATE TABLE letters (text)');
    await expectUntouched('store_foreign');
  });

  it('leaves an SQLite file of another application alone', async () => {
    makeOther('PRAGMA application_id = 7; PRAGMA user_version = 1');
    await expectUntouched('store_foreign');
  });

  it('leaves an SQLite file alone whose tables are only in its WAL', async () => {
    const other = new DatabaseSync(path);
    other.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE a (b)');
    const [before, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
    expect(await codeOf(open())).toBe('store_foreign');
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readFileSync(`${path}-wal`).equals(wal)).toBe(true);
    expect(other.prepare('SELECT count(*) AS n FROM a').get()).toEqual({ n: 0 });
    other.close();
  });

  it('leaves a store of a newer version alone', async () => {
    await (await open()).close();
    makeOther(`PRAGMA user_version = ${formatVersion + 1}`);
    await expectUntouched('store_newer');
  });

  it('calls a store corrupt whose pages are overwritten', async () => {
    const engine = await open();
    for (let index = 0; index < 50; index += 1) await put(engine, `k${index}`, 'x'.repeat(3000));
    await engine.close();
    const bytes = readFileSync(path);
    bytes.fill(0xaa, 4096);
    writeFileSync(path, bytes);
    const codes = await open().then(
      async (damaged) => {
        const code = await codeOf(damaged.read('app', [{ scope: 's', key: 'k1' }]));
        await damaged.close();
        return code;
      },
      (error: unknown) => (isHoldfastError(error) ? error.code : String(error)),
    );
    expect(codes).toBe('store_corrupt');
  });

  it('finds the damage that a read would not meet', async () => {
    const engine = await open();
    for (let index = 0; index < 50; index += 1) await put(engine, `k${index}`, 'x'.repeat(3000));
    expect(await engine.integrityCheck()).toEqual([]);
    await engine.close();
    const bytes = readFileSync(path);
    const at = bytes.lastIndexOf('xxxxxxxx') - 4096 * 3;
    bytes.fill(0xaa, at - (at % 4096), at - (at % 4096) + 4096);
    writeFileSync(path, bytes);
    const damaged = await open();
    expect((await damaged.integrityCheck()).length).toBeGreaterThan(0);
    await damaged.close();
  });
});

describe('openSqliteEngine with others at the file', () => {
  it('says locked while another program holds the file for itself', async () => {
    await (await open()).close();
    const other = new DatabaseSync(path);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE');
    expect(await codeOf(open(path, { busyTimeoutMs: 50 }))).toBe('store_locked');
    const opening = open();
    other.exec('ROLLBACK');
    other.close();
    await (await opening).close();
  });

  it('says busy while another program writes, and goes on afterwards', async () => {
    const engine = await open(path, { busyTimeoutMs: 50 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    expect(await codeOf(put(engine, 'k'))).toBe('busy');
    expect(await codeOf(engine.heartbeat('m', 1000))).toBe('busy');
    expect((await engine.read('app', [])).head.revision).toBe(0);
    other.exec('ROLLBACK');
    await put(engine, 'k');
    expect((await engine.read('app', [])).head.revision).toBe(1);
    other.close();
    await engine.close();
  });

  it('keeps timers running while it waits for the lock', async () => {
    const engine = await open(path, { busyTimeoutMs: 5000 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const writing = put(engine, 'k');
    let ticks = 0;
    for (; ticks < 20; ticks += 1) await systemClock.sleep(1);
    other.exec('ROLLBACK');
    await writing;
    expect(ticks).toBe(20);
    other.close();
    await engine.close();
  });

  it('opens one new file from many places at once', async () => {
    const engines = await Promise.all(Array.from({ length: 8 }, () => open()));
    await Promise.all(engines.map((engine, index) => put(engine, `k${index}`)));
    expect((await engines[0]!.read('app', [])).head.revision).toBe(8);
    await Promise.all(engines.map((engine) => engine.close()));
  });

  it('does not let go of the locks of a store that is open in the same process', async () => {
    const engine = await open();
    await put(engine, 'k');
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    expect(await codeOf(open(path, { mustExist: true }).then((second) => second.close()))).toMatch(
      /no code: undefined/,
    );
    // Were the locks gone, a second process could write now.
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      try { new DatabaseSync(${JSON.stringify(path)}).exec('BEGIN IMMEDIATE'); }
      catch (error) { console.log(error.errcode); }`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
    expect(stdout.trim()).toBe('5');
    other.exec('ROLLBACK');
    other.close();
    await engine.close();
  });
});

describe('openSqliteEngine for reading only', () => {
  it('reads, and refuses every write', async () => {
    const writer = await open();
    await put(writer, 'k');
    const reader = await open(path, { readOnly: true });
    expect((await reader.read('app', [{ scope: 's', key: 'k' }])).entries[0]?.content).toBe('x');
    await put(writer, 'k2');
    expect((await reader.read('app', [])).head.revision).toBe(2);
    const stamp = { member: 'm', sequence: 1 };
    for (const call of [
      () => put(reader, 'k'),
      () => reader.resolve('app', stamp),
      () => reader.heartbeat('m', 1),
      () => reader.scrub(),
      () => reader.checkpoint(),
    ]) {
      expect(await codeOf(call())).toBe('store_read_only');
    }
    await reader.flush();
    await reader.close();
    await writer.close();
  });

  /** Opens as a user without rights, and prints the code of the error. */
  async function openUnprivileged(options: Partial<EngineOptions>): Promise<string> {
    const script = `
      process.setgid(65534); process.setuid(65534);
      const { openSqliteEngine } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))});
      const { systemClock } = await import(${JSON.stringify(join(import.meta.dirname, '../../internal/clock.ts'))});
      const { systemRandom } = await import(${JSON.stringify(join(import.meta.dirname, '../../internal/random.ts'))});
      const options = { clock: systemClock, random: systemRandom, cacheBytes: 0, busyTimeoutMs: 50,
        mustExist: false, readOnly: false, ...${JSON.stringify(options)} };
      try {
        const engine = await openSqliteEngine(${JSON.stringify(`file:${path}`)}, options);
        const { head } = await engine.read('app', []);
        console.log('revision ' + head.revision);
        await engine.close();
      } catch (error) { console.log(error.code ?? error); }`;
    const args = ['--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return stdout.trim();
  }

  it.runIf(process.getuid?.() === 0)('says that a file or folder refuses writes', async () => {
    const engine = await open();
    await put(engine, 'k');
    await engine.close();
    chmodSync(path, 0o444);
    expect(await openUnprivileged({})).toBe('store_read_only');
    expect(await openUnprivileged({ readOnly: true })).toBe('revision 1');
    chmodSync(path, 0o666);
    chmodSync(folder, 0o555);
    expect(await openUnprivileged({})).toBe('store_read_only');
    rmSync(path);
    expect(await openUnprivileged({})).toBe('store_read_only');
    expect(existsSync(path)).toBe(false);
  });
});

describe('a copy of a store', () => {
  it('goes on as a history of its own', async () => {
    const first = await open();
    await put(first, 'a');
    await put(first, 'b');
    await first.close();
    const backup = join(folder, 'backup.db');
    copyFileSync(path, backup);
    const lost = await open();
    await put(lost, 'c');
    const { head: lostHead } = await lost.read('app', []);
    await lost.close();
    copyFileSync(backup, path);
    const restored = await open();
    await put(restored, 'd');
    const { head } = await restored.read('app', []);
    expect(head.revision).toBe(lostHead.revision);
    expect(head.incarnation).not.toBe(lostHead.incarnation);
    const stretches = await restored.incarnations('app');
    expect(stretches.map(({ from }) => from)).toEqual([0, 2]);
    expect(stretches.map(({ id }) => id)).not.toContain(lostHead.incarnation);
    await restored.close();
  });
});

describe('isOldVersion', () => {
  it('refuses what can lose commits', () => {
    const old = ['3.51.2', '3.50.9', '3.9.0', '2.99.99', '3.51'];
    const fit = ['3.51.3', '3.51.10', '3.53.4', '4.0.0'];
    expect(old.filter((version) => !isOldVersion(version))).toEqual([]);
    expect(fit.filter(isOldVersion)).toEqual([]);
  });
});

describe('the file', () => {
  it('says what it is', async () => {
    await (await open()).close();
    const bytes = readFileSync(path);
    expect(bytes.readUInt32BE(68)).toBe(applicationId);
    expect(bytes.subarray(68, 72).toString()).toBe('HFST');
    expect(bytes.readUInt32BE(60)).toBe(formatVersion);
  });

  it('shows its text to sqlite3', async () => {
    const engine = await open();
    await put(engine, 'k', '{"name":"Ada"}');
    await engine.close();
    const database = new DatabaseSync(path);
    expect(database.prepare('SELECT key, content FROM entry').all()).toEqual([
      { key: 'k', content: '{"name":"Ada"}' },
    ]);
    database.close();
  });
});
