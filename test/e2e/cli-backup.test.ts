/** Backup and restore: one moment, whole or not at all, and never under a running process. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { isHoldfastError, open } from '../../src/index.ts';
import { CommandLine, whileWriting } from './command.ts';

test('a backup taken while others write is of one moment, log and all', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  await using store = await open(`file:${cli.store}`);
  const app = store.app('default');
  const [left, right] = [app.scope<number>('left'), app.scope<number>('right')];
  const copy = new CommandLine(join(dirname(cli.store), 'copy.db'));
  const write = (index: number) => {
    const key = `k${index % 100}`;
    return app.batch().set(left, key, index).set(right, key, index).commit();
  };
  await whileWriting(write, async () => {
    expect(await cli.run('backup', copy.store)).toMatchObject({ code: 0 });
    expect((await cli.run('backup', copy.store)).code).toBe(2);
  });
  expect((await copy.run('doctor')).code).toBe(0);
  const values = async (scope: string) =>
    (await copy.lines('list', scope)).map(({ key, value }) => [key, value]);
  expect(await values('left')).toEqual(await values('right'));
  expect((await copy.lines('log')).length).toBeGreaterThan(1);
});

test('a restore begins another history, and is refused under a running process', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  const folder = dirname(cli.store);
  const backup = join(folder, 'backup.db');
  await cli.lines('set', 's', 'k', '1');
  await cli.lines('backup', backup);
  const [lost] = await cli.lines('set', 's', 'k', '2');
  expect((await cli.run('restore', backup)).code).toBe(2);
  const store = await open(`file:${cli.store}`);
  expect(await cli.run('restore', backup, '--force')).toMatchObject({ code: 5 });
  expect(await store.scope('s').get('k')).toBe(2);
  await store.close();
  const broken = join(folder, 'broken.db');
  await writeFile(broken, 'SQLite format 3\0 and nothing else');
  expect((await cli.run('restore', broken, '--force')).code).toBe(1);
  await cli.lines('restore', backup, '--force');
  expect((await cli.run('get', 's', 'k')).out).toBe('1\n');
  await cli.lines('set', 's', 'other', '3');
  await using restored = await open(`file:${cli.store}`);
  const { ledger } = restored.app('default');
  const { incarnation, revision } = lost as { incarnation: string; revision: number };
  const page = await ledger.log({ incarnation, revision }).catch((error: unknown) => error);
  expect(isHoldfastError(page) ? page.code : (page as { kind: string }).kind).toBe('regressed');
  expect(existsSync(`${cli.store}.partial`)).toBe(false);
});
