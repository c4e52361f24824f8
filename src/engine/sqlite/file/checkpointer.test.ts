import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { open } from '../../../index.ts';

const walBytesMin = 1_048_576;
const entry = JSON.stringify(new URL('../../../index.ts', import.meta.url).href);

function newPath(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-checkpointer-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'store.db');
}

/** Writes one entry after the other, each the size of a page; returns the longest WAL. */
const writing = `
  import { statSync } from 'node:fs';
  import { open } from ${entry};
  const [path, count] = process.argv.slice(-2);
  const store = await open('file:' + path);
  const scope = store.app('app').scope('facts');
  let longest = 0;
  for (let n = 0; n < Number(count); n += 1) {
    await scope.set('key' + (n % 100), String(n).padEnd(3000, '.'));
    longest = Math.max(longest, statSync(path + '-wal').size);
  }
  console.log(JSON.stringify({ longest, last: await scope.get('key' + ((count - 1) % 100)) }));
`;

async function writeInProcess(path: string, flags: readonly string[]) {
  const script = ['--input-type=module', '--eval', writing, '--', path, '1500'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...script]);
  return JSON.parse(stdout) as { longest: number; last: string };
}

/** A new store, and what was asked of its thread. */
async function openWatched() {
  const posted = vi.spyOn(Worker.prototype, 'postMessage');
  onTestFinished(() => posted.mockRestore());
  const path = newPath();
  const store = await open(`file:${path}`);
  return { posted, path, store, scope: store.app('app').scope('facts') };
}

test('a thread writes the WAL back, and it stays short', async () => {
  const { posted, path, store, scope } = await openWatched();
  for (let n = 0; n < 1500; n += 1) await scope.set(`key${n % 100}`, 'x'.repeat(3000));
  expect(posted).toHaveBeenCalled();
  expect(statSync(`${path}-wal`).size).toBeLessThan(2.5 * walBytesMin);
  await store.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
});

test('a store closes while its WAL is being written back', async () => {
  const { posted, path, store, scope } = await openWatched();
  let count = 0;
  while (posted.mock.calls.length === 0) {
    await scope.set(`key${(count += 1)}`, 'x'.repeat(3000));
  }
  const late = scope.set('late', 1);
  await store.close();
  await late;
  expect(existsSync(`${path}-wal`)).toBe(false);
  await using again = await open(`file:${path}`);
  expect(await again.app('app').scope('facts').count()).toBe(count + 1);
});

test('a process that forgets to close ends by itself, with all its commits', async () => {
  const path = newPath();
  const { longest, last } = await writeInProcess(path, []);
  expect(last.trimEnd()).toMatch(/^1499\.+$/);
  expect(longest).toBeLessThan(2.5 * walBytesMin);
  await using store = await open(`file:${path}`);
  expect(await store.app('app').scope('facts').get('key99')).toBe(last);
});

test('a process that may start no threads keeps its WAL short by itself', async () => {
  const permissions = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*'];
  const path = newPath();
  // Under Node's permissions nobody may sync a folder, which making a store takes.
  await (await open(`file:${path}`)).close();
  const { longest } = await writeInProcess(path, permissions);
  expect(longest).toBeLessThan(2.5 * walBytesMin);
});
