/** `copy`: online, resumed after a kill, repeated, compared; and refused where it would destroy. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { ended, linesOf, start, temporaryFolder, whileWriting } from './command.ts';
import { serving } from './serving.ts';

interface Copied {
  readonly entries: number;
  readonly written: number;
  readonly deleted: number;
  readonly followed: number;
}

async function copy(from: string, to: string): Promise<Copied> {
  const { code, out, error } = await ended(start('src/cli/main.ts', ['copy', from, to]));
  if (code !== 0) throw new Error(error);
  const [{ apps }] = linesOf(out) as [{ apps: Record<string, Copied> }];
  return apps['default']!;
}

async function urls(): Promise<[string, string]> {
  const folder = await temporaryFolder();
  return [`file:${join(folder, 'a.db')}`, `file:${join(folder, 'b.db')}`];
}

async function fill(store: Store, count: number): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    const length = Math.min(500, count - from);
    const text = 'x'.repeat(200);
    const entries = Array.from({ length }, (_, index) => [`k${from + index}`, { text }] as const);
    await store.scope('s').setMany(entries);
  }
}

async function contents(store: Store): Promise<Map<string, unknown>> {
  const all = new Map<string, unknown>();
  for (const scope of ['s', 't']) {
    for await (const { key, value } of store.scope(scope).entries()) {
      all.set(`${scope}/${key}`, value);
    }
  }
  return all;
}

test('a copy that is killed goes on, and ends alike', async () => {
  const [from, to] = await urls();
  await using source = await open(from);
  await fill(source, 20_000);
  let kills = 0;
  for (let round = 0; round < 4; round += 1) {
    const child = start('src/cli/main.ts', ['copy', from, to]);
    await sleep(500 + 400 * round);
    if (child.kill('SIGKILL')) kills += 1;
    await ended(child);
    await source.scope('s').delete(`k${round * 7}`);
    await source.scope('s').set(`k${round * 11 + 1}`, 'changed');
  }
  expect(kills).toBeGreaterThan(0);
  expect((await copy(from, to)).entries).toBe(20_000 - 4);
  await using target = await open(to);
  expect(await contents(target)).toEqual(await contents(source));
});

test('a copy while others write catches up, and again copies only what changed', async () => {
  const [from, to] = await urls();
  await using source = await open(from);
  await fill(source, 4000);
  const write = async (index: number) => {
    const key = `k${(index * 37) % 5000}`;
    if (index % 3 === 0) await source.scope('s').delete(key);
    else await source.scope(index % 2 === 0 ? 's' : 't').set(key, index);
    await sleep(1);
  };
  let first: Copied | undefined;
  await whileWriting(write, async () => {
    first = await copy(from, to);
  });
  expect(first?.followed).toBeGreaterThan(0);
  const second = await copy(from, to);
  expect(second.written).toBeLessThan(4000);
  await using target = await open(to);
  expect(await contents(target)).toEqual(await contents(source));
  expect(second.entries).toBe((await contents(source)).size);
  expect(await copy(from, to)).toMatchObject({ written: 0, deleted: 0, followed: 0 });
});

test('a target that holds something else is refused and left alone', async () => {
  const [from, to] = await urls();
  await using source = await open(from);
  await source.scope('s').set('k', 1);
  await using target = await open(to);
  await target.scope('mine').set('k', 2);
  const { code, error } = await ended(start('src/cli/main.ts', ['copy', from, to]));
  expect(code).toBe(4);
  expect(error).toMatch(/not this copy's/);
  expect(await target.scope('s').get('k')).toBeUndefined();
  const same = await ended(start('src/cli/main.ts', ['copy', from, from]));
  expect(same.code).toBe(2);
});

test('an app that is not there is not copied as an empty one', async () => {
  const [from, to] = await urls();
  await using source = await open(from);
  await fill(source, 1);
  const args = ['copy', from, to, '--only', 'default', 'defualt'];
  const { code, error } = await ended(start('src/cli/main.ts', args));
  expect(code).toBe(3);
  expect(error).toContain("there is no app 'defualt'");
  await using target = await open(to);
  expect(await target.apps()).toEqual([]);
});

test('what somebody else changed in the copy is found', async () => {
  const [from, to] = await urls();
  await using source = await open(from);
  await fill(source, 100);
  await copy(from, to);
  await using target = await open(to);
  await target.scope('s').set('k7', 'forged');
  const { code, error } = await ended(start('src/cli/main.ts', ['copy', from, to]));
  expect(code).toBe(4);
  expect(error).toMatch(/'k7' in 's' differs/);
});

test('a server is copied to, and from', async () => {
  const [from, to] = await urls();
  await using source = await open(from);
  await fill(source, 300);
  const served = join(await temporaryFolder(), 'served.db');
  const { url } = await serving(['--store', served, '--port', '0']);
  expect((await copy(from, url)).entries).toBe(300);
  expect((await copy(url, to)).entries).toBe(300);
  await using target = await open(to);
  expect(await contents(target)).toEqual(await contents(source));
});
