/** `holdfast config`, as a user runs it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CommandLine, temporaryFolder } from './command.ts';

test('config check names mistakes with their lines, and no password', async () => {
  const folder = await temporaryFolder();
  const cli = new CommandLine(join(folder, 'none.db'));
  const file = join(folder, 'holdfast.yaml');
  await writeFile(file, 'store:\n  url: postgres://me:secret@db/x\n  cachBytes: 3\n');
  const wrong = await cli.run('config', 'check', file);
  expect(wrong.code).toBe(2);
  expect(wrong.error).toContain(
    "3:3 there is no key 'store.cachBytes'; did you mean 'cacheBytes'?",
  );
  await writeFile(file, 'store:\n  url: postgres://me:secret@db/x\n');
  const right = await cli.run('config', 'check', file);
  expect(right).toMatchObject({ code: 0, error: '' });
  expect(JSON.parse(right.out)).toMatchObject({ store: 'postgres://me@db/x', apps: [] });
});

test('the JSON Schema that is shipped is the one of the code', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  const { out } = await cli.run('config', 'schema');
  const shipped = join(import.meta.dirname, '..', '..', 'holdfast.schema.json');
  expect(JSON.parse(out)).toEqual(JSON.parse(await readFile(shipped, 'utf8')));
});
