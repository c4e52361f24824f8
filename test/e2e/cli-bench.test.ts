/** `bench`, as a user runs it. */
import { expect, test } from 'vitest';
import { CommandLine } from './command.ts';

test('bench tells what the store gives, and leaves no entry behind', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  const figures = await cli.lines('bench', '--time', '20ms', '--callers', '4');
  expect(figures.map(({ question, callers }) => `${String(question)} ${String(callers)}`)).toEqual([
    'set, durable 1',
    'set, durable 4',
    'get 1',
    'get 4',
    'one counter 4',
  ]);
  for (const { perSecond, p50Ms, p99Ms } of figures) {
    expect(perSecond).toBeGreaterThan(0);
    expect(Number(p99Ms)).toBeGreaterThanOrEqual(Number(p50Ms));
  }
  expect(await cli.lines('--app', 'bench', 'scopes')).toEqual([]);
  expect(await cli.lines('scopes')).toEqual([]);
  expect(await cli.run('bench', '--time', 'long')).toMatchObject({ code: 2 });
});

test('no command shows the password of a URL', async () => {
  const cli = new CommandLine('postgres://me:secret@127.0.0.1:1/x');
  for (const args of [['backup', 'x.bak'], ['get', 'a', 'b'], ['stats']]) {
    const { code, out, error } = await cli.run(...args);
    expect(code).not.toBe(0);
    expect(out + error).not.toContain('secret');
  }
});
