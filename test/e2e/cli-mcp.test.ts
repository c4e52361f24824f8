/** `holdfast mcp`, started as a desktop client starts it: as a process, on a file. */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CommandLine } from './command.ts';

async function connect(store: string, ...options: string[]): Promise<Client> {
  const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
  const args = [main, '--store', store, '--quiet', 'mcp', ...options];
  const client = new Client({ name: 'test', version: '0' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args }));
  onTestFinished(() => client.close());
  return client;
}

test('a client works on a file beside the command line', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  const client = await connect(cli.store);
  const heard = vi.fn();
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard(params.uri);
  });
  const uri = 'holdfast://default/users/ada';
  await client.subscribeResource({ uri });
  const args = { scope: 'users', key: 'ada', value: { n: 1 } };
  await client.callTool({ name: 'set', arguments: args });
  await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(uri), { timeout: 10_000 });
  heard.mockClear();
  const update = await cli.run('update', 'users', 'ada', '[{"op":"increment","path":"/n"}]');
  expect(update).toMatchObject({ code: 0 });
  await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(uri), { timeout: 10_000 });
  const { contents } = await client.readResource({ uri });
  expect(contents).toMatchObject([{ text: '{"n":2}' }]);
});

test('--read-only opens no store that is not there, and writes to none that is', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  expect(await cli.run('mcp', '--read-only')).toMatchObject({ code: 3, out: '' });
  await cli.run('set', 'users', 'ada', '1');
  const client = await connect(cli.store, '--read-only');
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).not.toContain('set');
  const got = await client.callTool({ name: 'get', arguments: { scope: 'users', keys: ['ada'] } });
  expect(got.structuredContent).toMatchObject({ entries: [{ value: 1 }] });
});

test('it ends in order when its input ends', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  await cli.run('set', 'users', 'ada', '1');
  expect(await cli.runWith('', 'mcp')).toMatchObject({ code: 0, out: '' });
});
