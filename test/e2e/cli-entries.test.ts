/** The commands on entries and listings: what they print, and their exit codes. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { CommandLine, ended, linesOf, whileWriting } from './command.ts';

describe('entries', () => {
  test('what is set is there, with its checks and its expiry', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    expect((await cli.run('get', 'users', 'ada')).code).toBe(3);
    const [created] = await cli.lines('set', 'users', 'ada', '{"visits":1}', '--if-absent');
    expect(created).toMatchObject({ change: 'created', version: 1, value: { visits: 1 } });
    const increment = '{"op":"increment","path":"/visits"}';
    const [updated] = await cli.lines('update', 'users', 'ada', increment, '--if-version', '1');
    expect(updated).toMatchObject({ change: 'updated', value: { visits: 2 } });
    expect(updated).toMatchObject({ previous: { visits: 1 } });
    expect((await cli.run('get', 'users', 'ada')).out).toBe('{"visits":2}\n');
    const [entry] = await cli.lines('get', 'users', 'ada', '--entry');
    expect(entry).toMatchObject({ scope: 'users', key: 'ada', version: 2, value: { visits: 2 } });
    const stale = await cli.run('set', 'users', 'ada', '1', '--if-version', '1', '--json');
    expect(stale.code).toBe(4);
    expect(linesOf(stale.error)).toMatchObject([
      { error: { code: 'conflict', details: { expected: 1, actual: 2 } } },
    ]);
    const [brief] = await cli.lines('set', 'users', 'bob', '1', '--ttl', '1h30m');
    const [{ expiresAt } = {}] = await cli.lines('get', 'users', 'bob', '--entry');
    expect(expiresAt).toBe((brief?.['time'] as number) + 5_400_000);
    const gone = await cli.run('delete', 'users', 'ada', 'nobody');
    expect(gone.code).toBe(3);
    expect(linesOf(gone.out)).toMatchObject([{ deleted: 1, missing: ['nobody'] }]);
  });

  test('a value is an argument, standard input or a file: JSON, text or bytes', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    const bytes = Uint8Array.of(0, 255, 10, 13);
    const file = join(dirname(cli.store), 'photo');
    await writeFile(file, bytes);
    expect((await cli.run('set', 's', 'photo', `@${file}`, '--bytes')).code).toBe(0);
    expect((await cli.runWith('a "text"', 'set', 's', 'text', '-', '--text')).code).toBe(0);
    expect((await cli.runWith('{"a": [1, 2]}', 'set', 's', 'json', '-')).code).toBe(0);
    const raw = cli.start('get', 's', 'photo', '--raw');
    const chunks: Buffer[] = [];
    raw.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => raw.once('close', resolve));
    expect(new Uint8Array(Buffer.concat(chunks))).toEqual(bytes);
    expect((await cli.run('get', 's', 'text', '--raw')).out).toBe('a "text"');
    expect((await cli.run('get', 's', 'json')).out).toBe('{"a":[1,2]}\n');
    expect((await cli.run('set', 's', 'k', 'no json')).code).toBe(2);
    expect((await cli.run('set', 's', 'k', '9007199254740993')).code).toBe(2);
    expect((await cli.run('set', 's', 'k', '@/no/such/file')).code).toBe(3);
  });

  test('wrong usage is 2 and says how, a missing store is 3 and is not made', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    for (const args of [
      ['frob'],
      ['get'],
      ['list', 's', '--limit', 'x'],
      ['set', 's', 'k', '1', '--ttl', '5'],
    ]) {
      expect({ args, ...(await cli.run(...args)) }).toMatchObject({ code: 2 });
    }
    for (const command of [
      ['scopes'],
      ['stats'],
      ['doctor'],
      ['log'],
      ['export'],
      ['delete', 's', 'k'],
    ]) {
      const result = { command, ...(await cli.run(...command)) };
      expect(result).toMatchObject({ code: 3 });
      expect(result.error).toContain('store_missing');
    }
    expect((await cli.run('--help')).code).toBe(0);
    expect((await cli.run('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('listings', () => {
  test('entries, scopes, stats and the log, as JSON Lines and as tables', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    await using store = await open(`file:${cli.store}`);
    const users = store.scope('users');
    for (const key of ['a1', 'a2', 'b1']) await users.set(key, { key });
    await store.scope('other').set('long', 'x'.repeat(5000));
    await store.app('second').scope('users').set('ada', 1);
    const keys = async (...args: string[]) =>
      (await cli.lines('list', 'users', ...args)).map(({ key }) => key);
    expect(await keys()).toEqual(['a1', 'a2', 'b1']);
    expect(await keys('--prefix', 'a', '--reverse')).toEqual(['a2', 'a1']);
    expect(await keys('--from', 'a2', '--limit', '1', '--keys')).toEqual(['a2']);
    expect(await keys('--to', 'b')).toEqual(['a1', 'a2']);
    expect((await cli.lines('scopes')).map(({ scope, entries }) => [scope, entries])).toEqual([
      ['other', 1],
      ['users', 3],
    ]);
    const [engine, ...apps] = await cli.lines('stats');
    expect(engine).toMatchObject({ scheme: 'file', durability: 'disk' });
    expect(apps.map(({ app, entries }) => [app, entries])).toEqual([
      ['default', 4],
      ['second', 1],
    ]);
    const log = await cli.lines('log', '--scope', 'users', '--from', '2');
    expect(log.map(({ revision, key }) => [revision, key])).toEqual([
      [2, 'a2'],
      [3, 'b1'],
    ]);
    expect(await cli.lines('log', '--last', '1')).toMatchObject([{ key: 'long' }]);
    const { out } = await cli.run('list', 'users', '--table');
    expect(out).toMatch(/^KEY +VERSION +EXPIRES +VALUE\na1 +1 +\{"key":"a1"\}\n/);
    const wide = await cli.run('list', 'other', '--table');
    expect(Math.max(...wide.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(160);
    expect((await cli.run('--app', 'second', 'get', 'users', 'ada')).out).toBe('1\n');
  });

  test('log --follow tells what another process writes, until it is interrupted', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    await using store = await open(`file:${cli.store}`);
    await store.scope('s').set('first', 1);
    const follower = cli.start('log', '--follow');
    const result = ended(follower);
    const seen = new Promise<void>((resolve) => {
      let text = '';
      follower.stdout!.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('"second"')) resolve();
      });
    });
    await new Promise((resolve) => follower.stdout!.once('data', resolve));
    await store.scope('s').set('second', 2);
    await seen;
    follower.kill('SIGINT');
    expect((await result).code).toBe(130);
  });

  test('a reader that goes away ends the command quietly', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    const store = await open(`file:${cli.store}`);
    const many = Array.from(
      { length: 900 },
      (_, index) => [`k${index}`, 'x'.repeat(2000)] as const,
    );
    await store.scope('s').setMany(many);
    await store.close();
    const child = cli.start('list', 's');
    child.stdout!.once('data', () => child.stdout!.destroy());
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(0);
  });

  test('a command works while another process writes', async () => {
    const cli = await CommandLine.inTemporaryFolder();
    await using store = await open(`file:${cli.store}`);
    const counter = store.scope('s');
    const writes = await whileWriting(
      async () => {
        await counter.update('n', [{ op: 'increment' }]);
        await sleep(1);
      },
      async () => {
        for (let index = 0; index < 3; index += 1) {
          await cli.lines('update', 's', 'n', '{"op":"increment"}');
        }
      },
    );
    expect(await counter.get('n')).toBe(writes + 3);
  });
});
