/**
 * Backups of entries, from a store of one engine to others: everything comes back, over nothing
 * that is there, or not at all.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/cli/store.ts';
import { BackupFile, BackupSeal } from '../../src/cli/transfer/backup/backup-file.ts';
import { Restorer } from '../../src/cli/transfer/backup/restorer.ts';
import type { RestoreCounts } from '../../src/cli/transfer/backup/restorer.ts';
import { open } from '../../src/index.ts';
import { CommandLine, whileWriting } from './command.ts';
import { contentsOf, entriesOf, fillStore } from './whole-store.ts';
import type { Entries } from './whole-store.ts';

/** URLs of stores that are empty, and nobody else's. */
export interface Stores {
  newStore(): string;
  /** Of other engines. */
  readonly others: readonly ((folder: string) => string)[];
}

/** Beneath the command: makes two apps what the file says, for as long as `goesOn` says so. */
async function restoreApps(
  url: string,
  path: string,
  goesOn: (entries: number) => boolean = () => true,
): Promise<RestoreCounts> {
  await using store = await openStore({ url }, 'create');
  const stop = new AbortController();
  const restorer = new Restorer(store, new BackupFile(path), {
    apps: ['one', 'two'],
    replace: true,
    signal: stop.signal,
    onProgress(_phase, entries) {
      if (!goesOn(entries)) stop.abort();
    },
  });
  return await restorer.run();
}

export function entryBackups(name: string, { newStore, others }: Stores): void {
  let folder = '';
  let path = '';
  let entries: Entries = {};
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-backups-'));
    path = join(folder, 'backup.jsonl');
    const source = newStore();
    await fillStore(source);
    entries = await entriesOf(source);
    count = Object.keys(entries).length;
    const [told] = await new CommandLine(source).lines('backup', path);
    expect(told).toEqual({ path, apps: ['gone', 'one', 'two'], entries: count });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe(`entry backups: ${name}`, () => {
    test('a store comes back as it was, on its own engine and on others', async () => {
      expect(count).toBeGreaterThan(1200);
      const own = newStore();
      const [told] = await new CommandLine(own).lines('restore', path);
      const apps = ['gone', 'one', 'two'];
      expect(told).toMatchObject({ apps, entries: count, written: count, deleted: 0 });
      expect(await entriesOf(own)).toEqual(entries);
      for (const other of others) {
        const target = other(folder);
        const counts = { entries: count, written: count, deleted: 0 };
        expect(await restoreApps(target, path)).toEqual(counts);
        expect(await entriesOf(target)).toEqual(entries);
      }
    });

    test('over what is there only by --force, and over no other app', async () => {
      const target = newStore();
      const cli = new CommandLine(target);
      {
        await using store = await open(target);
        await store.app('two').scope('rows').set('k3', 'mine');
        await store.app('two').list('mine').append(1);
        await store.app('other').scope('s').set('k', 'theirs');
      }
      const before = await contentsOf(target);
      const refused = await cli.run('restore', path);
      expect(refused).toMatchObject({ code: 4, out: '' });
      expect(refused.error).toMatch(/the app 'two' holds \d entries: --force/);
      expect(await contentsOf(target)).toEqual(before);
      await cli.lines('restore', path, '--force');
      const other = JSON.stringify(['other', 's', 'k']);
      expect(await entriesOf(target)).toEqual({ ...entries, [other]: before.entries[other] });
    });

    test('a damaged file is refused and changes nothing, even by --force', async () => {
      const target = newStore();
      {
        await using store = await open(target);
        await store.app('one').scope('rows').set('k3', 'mine');
      }
      const before = await contentsOf(target);
      const damaged = join(folder, 'damaged.jsonl');
      const whole = await readFile(path, 'utf8');
      await writeFile(damaged, whole.replace('"name":"two"', '"name":"twO"'));
      const refused = await new CommandLine(target).run('restore', damaged, '--force');
      expect(refused).toMatchObject({ code: 1, out: '' });
      expect(refused.error).toMatch(/damaged\.jsonl is damaged: .*; nothing was changed/);
      expect(await contentsOf(target)).toEqual(before);
    });

    test('one that was stopped left a part, and is finished by doing it again', async () => {
      const target = newStore();
      const stopped = restoreApps(target, path, (done) => done < 700);
      await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
      const part = await entriesOf(target);
      const already = Object.keys(part).length;
      expect(already).toBeGreaterThan(500);
      expect(already).toBeLessThan(count);
      expect(entries).toMatchObject(part);
      const written = count - already;
      expect(await restoreApps(target, path)).toEqual({ entries: count, written, deleted: 0 });
      expect(await entriesOf(target)).toEqual(entries);
    });

    test('what has died since is left out, and is no difference', async () => {
      const seal = new BackupSeal();
      const lines = (await readFile(path, 'utf8')).split(/(?<=\n)/).slice(0, -1);
      const dead = lines.map((line) => line.replace(/"expiresAt":\d+/, '"expiresAt":1000'));
      for (const line of dead) seal.add(line);
      const later = join(folder, 'later.jsonl');
      await writeFile(later, dead.join('') + seal.footer(count));
      const living = Object.entries(entries).filter(([, entry]) => entry.expiresAt === undefined);
      expect(count - living.length).toBe(4);
      const target = newStore();
      expect(await restoreApps(target, later)).toMatchObject({ entries: living.length });
      expect(await entriesOf(target)).toEqual(Object.fromEntries(living));
    });

    test('one that is taken while others write is of one moment', async () => {
      const source = newStore();
      await fillStore(source);
      const busy = join(folder, 'busy.jsonl');
      await using store = await open(source);
      const app = store.app('one');
      const [first, last] = [app.scope<number>('a-first'), app.scope<number>('z-last')];
      let written = 0;
      const write = async (index: number) => {
        const key = `k${index % 7}`;
        await app.batch().set(first, key, index).set(last, key, index).commit();
        written += 1;
      };
      await whileWriting(write, async () => {
        await expect.poll(() => written).toBeGreaterThan(7);
        await new CommandLine(source).lines('backup', busy);
      });
      const target = newStore();
      await restoreApps(target, busy);
      const copy = Object.entries(await entriesOf(target));
      const valuesIn = (scope: string) =>
        copy.filter(([at]) => at.includes(`"${scope}"`)).map(([, { content }]) => content);
      expect(valuesIn('a-first')).toHaveLength(7);
      expect(valuesIn('z-last')).toEqual(valuesIn('a-first'));
    });
  });
}
