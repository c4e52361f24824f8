/** Export and import: lossless, of one moment, to be repeated; and other people's stores. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { CommandLine, ended, linesOf, whileWriting } from './command.ts';

const later = Date.now() + 100 * 24 * 60 * 60 * 1000;

const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter((one) => !one.includes('\0'));
const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => {
  return !/-0|__proto__|e[+-]?\d/.test(JSON.stringify(value) + Object.is(value, -0));
});
const line = fc.record(
  {
    scope: text.filter((one) => !one.startsWith('$')),
    key: text,
    content: fc.oneof(
      json.map((value) => ({ value })),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => ({
        base64: Buffer.from(bytes).toString('base64'),
      })),
    ),
    expiresAt: fc.integer({ min: later, max: later * 2 }),
    schema: fc.integer({ min: 1, max: 9 }),
  },
  { requiredKeys: ['scope', 'key', 'content'] },
);

describe('export and import', () => {
  test('export, import, export give the same bytes; importing again changes nothing', async () => {
    const first = await CommandLine.inTemporaryFolder();
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 60 }), fc.nat(1e9), async (lines, id) => {
        const folder = join(dirname(first.store), `run-${id}`);
        await mkdir(folder, { recursive: true });
        const [a, b] = ['a', 'b'].map((name) => new CommandLine(join(folder, `${name}.db`)));
        const input = lines.map(({ content, ...rest }) => JSON.stringify({ ...rest, ...content }));
        expect(await a!.runWith(`${input.join('\n')}\n`, 'import', '-')).toMatchObject({ code: 0 });
        const exported = (await a!.run('export')).out;
        const distinct = new Set(lines.map(({ scope, key }) => `${scope}\0${key}`));
        expect(linesOf(exported).at(-1)).toEqual({ holdfast: { entries: distinct.size } });
        expect(await b!.runWith(exported, 'import', '-')).toMatchObject({ code: 0 });
        expect((await b!.run('export')).out).toBe(exported);
        const again = await b!.runWith(exported, 'import', '-');
        expect(linesOf(again.out)).toMatchObject([{ written: 0, unchanged: distinct.size }]);
      }),
      { numRuns: runCount(3, 0.2), seed: runSeed },
    );
  });

  test('an export shows one moment while others write', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    await using store = await open(`file:${cli.store}`);
    const accounts = Array.from({ length: 2000 }, (_, index) => [`a${index}`, 100] as const);
    for (let start = 0; start < 2000; start += 500) {
      await store.scope('one').setMany(accounts.slice(start, start + 500));
      await store.scope('two').setMany(accounts.slice(start, start + 500));
    }
    const move = (index: number) => {
      const [from, to] = [`a${(index * 7) % 2000}`, `a${(index * 13 + 5) % 2000}`];
      const batch = store.app('default').batch();
      batch.update(store.scope('one'), from, [{ op: 'decrement' }]);
      return batch.update(store.scope('two'), to, [{ op: 'increment' }]).commit();
    };
    await whileWriting(move, async () => {
      for (let round = 0; round < 3; round += 1) {
        const entries = (await cli.lines('export')).filter(({ scope }) => scope !== undefined);
        expect(entries).toHaveLength(4000);
        const sum = entries.reduce((total, { value }) => total + (value as number), 0);
        expect(sum).toBe(400_000);
      }
    });
  });

  test('an import that is killed goes on where it was', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    const lines = Array.from({ length: 60_000 }, (_, index) =>
      JSON.stringify({ scope: `s${index % 3}`, key: `k${index}`, value: { index } }),
    );
    const file = join(dirname(cli.store), 'lines.jsonl');
    await writeFile(file, lines.join('\n'));
    const child = cli.start('import', file);
    const result = ended(child);
    while (!existsSync(cli.store)) await sleep(5);
    await sleep(300);
    child.kill('SIGKILL');
    await result;
    const [counts] = await cli.lines('import', file);
    expect(counts).toMatchObject({ read: 60_000 });
    expect((counts?.['written'] as number) + (counts?.['unchanged'] as number)).toBe(60_000);
    expect((await cli.lines('export')).at(-1)).toEqual({ holdfast: { entries: 60_000 } });
    expect((await cli.run('doctor')).code).toBe(0);
  });

  test('layers, large values and every app are in it; the dead are not', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    const store = await open(`file:${cli.store}`);
    await store.list('messages').append('a', { b: 'c'.repeat(10_000) });
    await store.app('other').scope('s').set('k', 'v');
    await store.close();
    const past = JSON.stringify({ scope: 's', key: 'dead', value: 1, expiresAt: 1000 });
    const imported = await cli.runWith(past, 'import', '-');
    expect(linesOf(imported.out)).toMatchObject([{ written: 0, expired: 1 }]);
    const { out } = await cli.run('export', '--all');
    const copy = new CommandLine(join(dirname(cli.store), 'copy.db'));
    await copy.runWith(out, 'import', '-');
    expect((await copy.run('export', '--all')).out).toBe(out);
    await using opened = await open(`file:${copy.store}`);
    expect(await opened.list('messages').length()).toBe(2);
    expect(await opened.list('messages').get(0)).toBe('a');
    expect(await opened.app('other').scope('s').get('k')).toBe('v');
  });

  test('a malformed line, a cut-off export and an existing entry are told', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    const good = JSON.stringify({ scope: 's', key: 'k', value: 1 });
    const bad = await cli.runWith(`${good}\n{"scope":"s"}\n`, 'import', '-');
    expect(bad).toMatchObject({ code: 1, error: expect.stringContaining('line 2') as string });
    const cut = await cli.runWith(`{"holdfast":{"format":1}}\n${good}\n`, 'import', '-');
    expect(cut).toMatchObject({ code: 1, error: expect.stringContaining('cut off') as string });
    const other = JSON.stringify({ scope: 's', key: 'k', value: 2 });
    expect((await cli.runWith(other, 'import', '-', '--existing', 'fail')).code).toBe(4);
    const kept = await cli.runWith(other, 'import', '-', '--existing', 'keep');
    expect(linesOf(kept.out)).toMatchObject([{ written: 0, kept: 1 }]);
    expect((await cli.run('get', 's', 'k')).out).toBe('1\n');
    expect((await cli.run('import', '/no/such/file')).code).toBe(3);
  });
});

describe('files that cannot be used', () => {
  test('an export that fails leaves the file that was there, and says why', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    await cli.run('set', 's', 'k', '1');
    const file = join(dirname(cli.store), 'export.jsonl');
    expect((await cli.run('export', file)).code).toBe(0);
    const exported = await readFile(file, 'utf8');
    await mkdir(`${file}.partial`);
    const failed = await cli.run('export', file);
    expect(failed.code).toBe(1);
    expect(failed.error).toContain('cannot write');
    expect(failed.error).not.toContain('    at ');
    expect(await readFile(file, 'utf8')).toBe(exported);
    const nowhere = await cli.run('export', join(dirname(cli.store), 'none', 'export.jsonl'));
    expect(nowhere.code).toBe(1);
    expect(nowhere.error).toContain('cannot write');
    expect(nowhere.error).not.toContain('    at ');
  });

  test('another store that is not there is not found', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    for (const kind of ['jsonl', 'iii', 'keyv']) {
      const { code, error } = await cli.run('import', '/no/such/place', '--from', kind);
      expect([kind, code]).toEqual([kind, 3]);
      expect(error).toContain('cannot read /no/such/place');
    }
    expect(existsSync(cli.store)).toBe(false);
  });
});

describe('other stores', () => {
  test('a folder of iii: short and long texts, any scope name', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    const folder = join(dirname(cli.store), 'iii');
    await mkdir(folder);
    const scopes = {
      users: { ada: { n: 1 }, bob: 'ß'.repeat(300) },
      'a/b c': { k: [1] },
      empty: {},
    };
    for (const [scope, values] of Object.entries(scopes)) {
      const name = encodeURIComponent(scope).replaceAll("'", '%27');
      await writeFile(join(folder, `${name}.bin`), iiiFile(JSON.stringify(values)));
    }
    expect(await cli.lines('import', folder, '--from', 'iii')).toMatchObject([{ written: 3 }]);
    const entries = (await cli.lines('export')).slice(1, -1);
    expect(entries.map(({ scope, key }) => [scope, key])).toEqual([
      ['a/b c', 'k'],
      ['users', 'ada'],
      ['users', 'bob'],
    ]);
    expect((await cli.run('get', 'users', 'bob', '--raw')).out).toBe('ß'.repeat(300));
  });

  test('a file of Keyv: namespaces, expiry, escaped text and bytes', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    const file = join(dirname(cli.store), 'keyv.sqlite');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE keyv (key VARCHAR(255) PRIMARY KEY, value TEXT)');
    const insert = database.prepare('INSERT INTO keyv VALUES (?, ?)');
    insert.run('cache:a', JSON.stringify({ value: { text: '::colon' }, expires: later }));
    insert.run('cache:b:c', JSON.stringify({ value: ':base64:AAH/', expires: null }));
    insert.run('plain', JSON.stringify({ value: 'x' }));
    insert.run('cache:dead', JSON.stringify({ value: 1, expires: 1000 }));
    database.close();
    const [counts] = await cli.lines('import', file, '--from', 'keyv');
    expect(counts).toMatchObject({ read: 4, written: 3, expired: 1 });
    expect((await cli.lines('export')).slice(1, -1)).toEqual([
      { scope: 'cache', key: 'a', expiresAt: later, value: { text: ':colon' } },
      { scope: 'cache', key: 'b:c', base64: 'AAH/' },
      { scope: 'keyv', key: 'plain', value: 'x' },
    ]);
    expect((await readFile(file)).length).toBeGreaterThan(0);
  });
});

/** A file as iii writes it; `src/cli/transfer/sources/iii.ts` describes it. */
function iiiFile(content: string): Buffer {
  const bytes = Buffer.from(content);
  const frame = Buffer.alloc(8, 0xff);
  if (bytes.length <= 8) {
    bytes.copy(frame);
    return frame;
  }
  const start = Math.ceil(bytes.length / 4) * 4;
  frame.writeUInt32LE(((bytes.length & 0x3f) | 0x80) + Math.floor(bytes.length / 64) * 256, 0);
  frame.writeInt32LE(-start, 4);
  return Buffer.concat([bytes, Buffer.alloc(start - bytes.length), frame]);
}
