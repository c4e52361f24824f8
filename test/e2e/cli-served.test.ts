/** Commands that look after a store, through its server: tokens, doctor, backup and restore. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { open } from '../../src/index.ts';
import { parseGrant, serve } from '../../src/server/index.ts';
import { CommandLine, ended, linesOf, start } from './command.ts';
import type { Ended } from './command.ts';

interface Served {
  readonly file: string;
  readonly url: string;
  /** Makes a token beside the server, and the command line that shows it. */
  as(...grants: string[]): Promise<(...args: string[]) => Promise<Ended>>;
}

async function served(auth?: 'open'): Promise<Served> {
  const { store: file } = await CommandLine.inTemporaryFolder();
  const store = await open(`file:${file}`);
  const server = await serve(store, { port: 0, processMetrics: false, ...(auth && { auth }) });
  const tokens =
    auth ?? (await server.tokens.create({ name: 'first', grants: [parseGrant('x=read')] }));
  const again =
    auth === undefined ? await serve(store, { port: 0, processMetrics: false }) : server;
  onTestFinished(async () => {
    await server.close();
    await again.close();
    await store.close();
  });
  expect(tokens).toBeDefined();
  await store
    .app('shop')
    .scope('users')
    .setMany({ ada: { n: 1 }, bob: 'text' });
  await store.app('shop').scope('users').set('late', 1, { ttlMs: 3_600_000 });
  await store.app('shop').scope('photos').set('one', Uint8Array.of(0, 255));
  await store.app('shop').list('messages').append('a', 'b');
  await store.app('other').scope('s').set('k', 'secret');
  const as = async (...grants: string[]) => {
    const asked = { name: grants.join(' '), grants: grants.map(parseGrant) };
    const { token } = await again.tokens.create(asked);
    return (...args: string[]) =>
      ended(start('src/cli/main.ts', ['--store', again.url, '--token', token, ...args]));
  };
  return { file, url: again.url, as };
}

test('tokens are made, listed and revoked by who administers them', async () => {
  const { url, as } = await served();
  const root = await as('*=read,write,watch,admin');
  const made = await root(
    'token',
    'create',
    'reader',
    '--grant',
    'shop:users=read',
    '--expires',
    '1h',
  );
  const [{ token }] = linesOf(made.out) as [{ token: string }];
  const reader = (...args: string[]) =>
    ended(start('src/cli/main.ts', ['--store', url, '--token', token, '--app', 'shop', ...args]));
  expect(await reader('get', 'users', 'bob')).toMatchObject({ code: 0, out: '"text"\n' });
  const more = await reader('token', 'create', 'x', '--grant', 'shop:users=read');
  expect(more).toMatchObject({ code: 1 });
  expect(more.error).toContain('forbidden');
  const names = linesOf((await root('token', 'list')).out).map(({ name }) => name);
  expect(names).toContain('reader');
  expect(await root('token', 'create', 'x', '--grant', 'shop=own')).toMatchObject({ code: 2 });
  expect(await root('token', 'revoke', 'nobody')).toMatchObject({ code: 3 });
  expect(await root('token', 'revoke', 'reader')).toMatchObject({ code: 0 });
  expect(await reader('get', 'users', 'bob')).toMatchObject({ code: 1 });
  const stranger = await ended(start('src/cli/main.ts', ['--store', url, 'token', 'list']));
  expect(stranger.error).toContain('unauthenticated');
  const nowhere = await ended(
    start('src/cli/main.ts', ['-s', 'http://127.0.0.1:9', 'token', 'list']),
  );
  expect(nowhere).toMatchObject({ code: 5 });
});

test('doctor finds through a server what is broken, and says what it may not look at', async () => {
  const { file, as } = await served();
  const root = await as('*=read,write,watch,admin');
  const [sound] = linesOf((await root('doctor')).out);
  expect(sound).toMatchObject({ problems: 0, unchecked: 0, apps: 2 });
  const database = new DatabaseSync(file);
  database.exec(`UPDATE scope SET entries = entries + 1 WHERE name = 'users'`);
  database.close();
  const broken = await root('doctor');
  expect(broken.code).toBe(6);
  expect(linesOf(broken.out)).toContainEqual(
    expect.objectContaining({ rule: 'scope_counts', app: 'shop', severity: 'problem' }),
  );
  const part = await (await as('other=read,admin', 'shop:users=read,admin'))('doctor');
  expect(part.code).toBe(0);
  expect(linesOf(part.out)).toMatchObject([
    { rule: 'unchecked', severity: 'notice' },
    { rule: 'unchecked', app: 'shop' },
    { problems: 0, unchecked: 2 },
  ]);
  const none = await (await as('other=read,write,watch'))('doctor');
  expect(none).toMatchObject({ code: 1 });
  expect(none.error).toContain('forbidden');
});

test('backup and restore through servers bring back every app as it was', async () => {
  const one = await served();
  const root = await one.as('*=read,write,watch,admin');
  const path = join(dirname(one.file), 'backup.jsonl');
  const [facts] = linesOf((await root('backup', path)).out);
  expect(facts).toMatchObject({ path, apps: ['other', 'shop'] });
  expect(await root('backup', path)).toMatchObject({ code: 2 });
  const refused = await root('restore', path);
  expect(refused).toMatchObject({ code: 4 });
  expect(refused.error).toContain("the app 'other' holds 1 entries: --force");

  const two = new CommandLine(join(dirname(one.file), 'two.db'));
  const [restored] = await two.lines('restore', path);
  expect(restored).toMatchObject({ entries: facts?.['entries'], deleted: 0 });
  const exported = async (run: () => Promise<Ended>) => (await run()).out;
  const first = await exported(() => root('export', '--all'));
  expect(await exported(() => two.run('export', '--all'))).toBe(first);
  expect((await two.run('doctor')).code).toBe(0);

  await root('--app', 'shop', 'set', 'users', 'ada', '2');
  await root('--app', 'shop', 'set', 'users', 'new', '3');
  const [back] = linesOf((await root('restore', path, '--force', '--only', 'shop')).out);
  expect(back).toMatchObject({ apps: ['shop'], written: 1, deleted: 1 });
  expect(await exported(() => root('export', '--all'))).toBe(first);
});

test('a backup is of whole apps, and one that was touched restores nothing', async () => {
  const { file, as } = await served();
  const folder = dirname(file);
  const path = join(folder, 'backup.jsonl');
  const part = await as('other=read,watch', 'shop:users=read,write,watch,admin');
  const refused = await part('backup', path);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.error).toContain("all of the app 'shop'");
  expect(linesOf((await part('backup', path, '--only', 'other')).out)).toMatchObject([
    { apps: ['other'], entries: 1 },
  ]);
  const unseen = await part('backup', `${path}2`, '--only', 'othr');
  expect(unseen).toMatchObject({ code: 1 });
  expect(unseen.error).toContain('forbidden');
  const missing = await (await as('*=read,watch'))('backup', `${path}2`, '--only', 'othr');
  expect(missing).toMatchObject({ code: 3, out: '' });
  expect(missing.error).toContain("there is no app 'othr'");
  // What a token may read can be exported all the same.
  const users = linesOf((await part('--app', 'shop', 'export')).out);
  expect(users.map(({ key }) => key)).toEqual([undefined, 'ada', 'bob', 'late', undefined]);
  const reader = await as('shop:users=read');
  expect(linesOf((await reader('--app', 'shop', 'export')).out)).toHaveLength(5);

  const target = new CommandLine(join(folder, 'target.db'));
  const whole = await readFile(path, 'utf8');
  const damages = [
    whole.replace('secret', 'forged'),
    whole.slice(0, -10),
    whole.split('\n').slice(0, -2).join('\n'),
    `${whole}{"app":"other","scope":"s","key":"z","value":1}\n`,
    whole.replace('"key":"k"', '"key":'),
  ];
  for (const damaged of damages) {
    await writeFile(path, damaged);
    const { code, error } = await target.run('restore', path);
    expect([code, error]).toEqual([1, expect.stringContaining('nothing was changed')]);
  }
  expect((await target.run('stats')).code).toBe(3);
  await writeFile(path, whole);
  expect(await target.run('restore', path, '--only', 'shop')).toMatchObject({ code: 3 });
  const other = await as('other=read,write');
  expect(await other('--app', 'other', 'set', 's', 'k', '"changed"')).toMatchObject({ code: 0 });
  const unable = await (await as('other=read'))('restore', path, '--force');
  expect(unable).toMatchObject({ code: 1 });
  expect(unable.error).toContain('forbidden');
  expect(await other('restore', path, '--force')).toMatchObject({ code: 0 });
  const copied = join(folder, 'copy.db');
  await new CommandLine(file).lines('backup', copied);
  const wrong = await other('restore', copied);
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.error).toContain(`holdfast copy file:${copied}`);
});

test('a server that asks for no token does it all for anybody', async () => {
  const { file, url } = await served('open');
  const run = (...args: string[]) =>
    ended(start('src/cli/main.ts', ['--store', url.replace('http:', 'ws:'), ...args]));
  expect(linesOf((await run('doctor')).out)).toMatchObject([{ problems: 0, unchecked: 0 }]);
  const path = join(dirname(file), 'backup.jsonl');
  expect(await run('backup', path)).toMatchObject({ code: 0 });
  expect(await run('restore', path, '--force')).toMatchObject({ code: 0 });
  expect(await run('token', 'create', 'a', '--grant', '*=admin')).toMatchObject({ code: 0 });
  expect(linesOf((await run('token', 'list')).out)).toMatchObject([{ name: 'a' }]);
});
