/** `serve`, `token` and the data commands through a server, as processes. */
import { expect, test } from 'vitest';
import { CommandLine, ended, start } from './command.ts';
import { serving } from './serving.ts';

test('a served store asks for its token, and every data command works with it', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  const grants = ['--grant', 'default:users=read,write,watch'];
  const [made] = await cli.lines('token', 'create', 'agent', ...grants);
  const token = String(made?.['token']);
  const server = await serving(['--store', cli.store, '--port', '0', '--log', 'silent']);
  const { url, auth } = server;
  expect(auth).toBe('tokens');
  const remote = (...args: string[]) =>
    ended(start('src/cli/main.ts', ['--store', url, '--token', token, ...args]));
  expect(await remote('set', 'users', 'ada', '1')).toMatchObject({ code: 0 });
  expect(await remote('get', 'users', 'ada')).toMatchObject({ code: 0, out: '1\n' });
  expect(await remote('get', 'secrets', 'ada')).toMatchObject({ code: 1 });
  expect((await remote('log', '--scope', 'users')).out).toContain('"actor":"token:agent"');
  const stranger = await ended(start('src/cli/main.ts', ['--store', url, 'scopes']));
  expect(stranger).toMatchObject({ code: 1 });
  expect(stranger.error).toContain('unauthenticated');
  await cli.lines('token', 'revoke', 'agent');
  expect(await remote('get', 'users', 'ada')).toMatchObject({ code: 1 });
  expect(await server.stop()).toBe(143);
});
