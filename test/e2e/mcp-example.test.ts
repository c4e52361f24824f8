/** The example of a tool server keeps its state, and shares it with another process. */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './command.ts';

async function connect(store: string): Promise<(name: string, args?: object) => Promise<string>> {
  const script = join(import.meta.dirname, '..', '..', 'examples', 'mcp', 'server.ts');
  const client = new Client({ name: 'test', version: '0' });
  const args = [script, `file:${store}`];
  await client.connect(new StdioClientTransport({ command: process.execPath, args }));
  onTestFinished(() => client.close());
  return async (name, given = {}) => {
    const { content } = await client.callTool({ name, arguments: { ...given } });
    return (content as { text: string }[])[0]!.text;
  };
}

test('two servers on one file are one server', async () => {
  const store = join(await temporaryFolder(), 'tools.db');
  const [one, other] = [await connect(store), await connect(store)];
  const sunny = 'It is sunny in Rome, as of call 1.';
  expect(await one('weather', { city: 'Rome' })).toBe(`${sunny} 2 more questions this minute.`);
  expect(await other('weather', { city: 'Rome' })).toBe(`${sunny} 1 more questions this minute.`);
  expect(await one('weather', { city: 'Oslo' })).toContain('Oslo, as of call 2.');
  expect(await other('weather', { city: 'Oslo' })).toMatch(/^Too many questions/);
  const session = await one('begin');
  await one('note', { session, note: 'first' });
  expect(await other('note', { session, note: 'second' })).toBe('first\nsecond');
  expect(await other('note', { session: 'made up', note: 'x' })).toBe('No such notebook.');
});
