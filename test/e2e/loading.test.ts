/** What a door loads when it is imported: an embedded store, next to nothing that is installed. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './command.ts';

/** The packages and folders of ours that importing a door, and then `code`, loads. */
function loadedBy(door: string, code = ''): { packages: string[]; folders: string[] } {
  const program = `
    import { registerHooks } from 'node:module';
    const urls = new Set();
    registerHooks({ load(url, context, next) { urls.add(url); return next(url, context); } });
    const door = await import(${JSON.stringify(new URL(`../../src/${door}`, import.meta.url).href)});
    ${code}
    console.log(JSON.stringify([...urls]));
  `;
  const args = ['--no-warnings', '--input-type=module', '--eval', program];
  const urls = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as string[];
  const found = (pattern: RegExp) => [
    ...new Set(urls.flatMap((url) => pattern.exec(url)?.[1] ?? [])),
  ];
  return {
    packages: found(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//),
    folders: found(/\/src\/((?:engine\/)?[^/]+)\/[^/]*\.ts$/),
  };
}

test('a store in memory loads one small package, no server, no client and no other engine', () => {
  const code = `await using store = await door.open('memory:'); await store.scope('s').set('k', 1);`;
  const { packages, folders } = loadedBy('index.ts', code);
  expect(packages).toEqual(['@noble/hashes']);
  expect(folders).toContain('engine/memory');
  for (const far of ['server', 'client', 'mcp', 'cli', 'sessions', 'workflow', 'testing']) {
    expect(folders).not.toContain(far);
  }
  expect(folders.filter((folder) => /engine\/(sqlite|redis|postgres)/.test(folder))).toEqual([]);
});

test('a file loads SQLite and nothing else', async () => {
  const url = JSON.stringify(`file:${join(await temporaryFolder(), 'store.db')}`);
  const code = `await using store = await door.open(${url}); await store.scope('s').set('k', 1);`;
  const { packages, folders } = loadedBy('index.ts', code);
  expect(packages).toEqual(['@noble/hashes']);
  expect(folders).toContain('engine/sqlite');
});

test('the client loads no server and no engine', () => {
  const { packages, folders } = loadedBy('client/index.ts');
  expect(packages.filter((name) => !['jose', '@noble/hashes', 'ws'].includes(name))).toEqual([]);
  expect(folders).not.toContain('server');
  expect(folders.filter((folder) => /^engine\/./.test(folder))).toEqual([]);
});
