/**
 * What did not fit joined the batch all the same, and was committed with it: a large value that
 * could be set could not be restored, imported or copied, as the two together were more than one
 * commit, or one message to a server, may carry.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/cli/store.ts';
import type { OpenStore } from '../../src/cli/store.ts';
import { BackupFile, BackupSeal, backupHeader } from '../../src/cli/transfer/backup/backup-file.ts';
import { Restorer } from '../../src/cli/transfer/backup/restorer.ts';
import { Copier } from '../../src/cli/transfer/copy/copier.ts';
import { Importer } from '../../src/cli/transfer/importer.ts';
import { parseLine } from '../../src/cli/transfer/line.ts';
import { open } from '../../src/index.ts';
import type { LedgerSource } from '../../src/ledger/index.ts';
import { serve } from '../../src/server/index.ts';
import { temporaryFolder } from '../e2e/command.ts';

const signal = new AbortController().signal;
/** Each fits into a message of 1.5 MiB, both together do not. */
const sizes = { first: 900_000, second: 1_400_000 };
const lines = Object.entries(sizes).map(([key, size]) =>
  JSON.stringify({ app: 'a', scope: 's', key, value: 'x'.repeat(size) }),
);

/** A store behind a server that takes messages of 1.5 MiB. */
async function narrowStore(): Promise<OpenStore> {
  const store = await open('memory:', { maxValueBytes: 2_000_000 });
  const limits = { payloadBytes: 1_572_864 };
  const server = await serve(store, { port: 0, processMetrics: false, limits });
  const client = await openStore({ url: server.url }, 'create');
  onTestFinished(async () => {
    await client.close();
    await server.close();
    await store.close();
  });
  return client;
}

async function sizesIn(store: OpenStore): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const key of Object.keys(sizes)) {
    const [entry] = await store.ledger('a').read([{ scope: 's', key }]);
    found[key] = String(entry?.value.decode()).length;
  }
  return found;
}

test('an import writes a large value that follows others', async () => {
  const store = await narrowStore();
  const importer = new Importer(store, 'a', 'overwrite');
  for (const text of lines) {
    const line = parseLine(text);
    if (line.kind === 'entry') await importer.add(line.entry);
  }
  expect(await importer.finish()).toMatchObject({ written: 2 });
  expect(await sizesIn(store)).toEqual(sizes);
});

test('a restore writes a large value that follows others', async () => {
  const path = join(await temporaryFolder(), 'backup.jsonl');
  const seal = new BackupSeal();
  const parts = [backupHeader(['a']), ...lines.map((line) => `${line}\n`)];
  for (const part of parts) seal.add(part);
  await writeFile(path, parts.join('') + seal.footer(2));
  const store = await narrowStore();
  const options = { apps: ['a'], replace: false, signal, onProgress: () => undefined };
  const counts = await new Restorer(store, new BackupFile(path), options).run();
  expect(counts).toEqual({ entries: 2, written: 2, deleted: 0 });
  expect(await sizesIn(store)).toEqual(sizes);
});

function copierOf(from: LedgerSource, to: LedgerSource): Copier {
  return new Copier(from, to, 'a', {
    source: 'memory:',
    pin: 'copy',
    signal,
    monotonic: () => 0,
    onProgress: () => undefined,
  });
}

test('a copy writes a large value that follows others', async () => {
  const target = await narrowStore();
  await using source = await open('memory:', { maxValueBytes: 2_000_000 });
  const scope = source.app('a').scope('s');
  for (const [key, size] of Object.entries(sizes)) await scope.set(key, 'x'.repeat(size));
  expect(await copierOf(source.source, target.source).run()).toMatchObject({ entries: 2 });
  expect(await sizesIn(target)).toEqual(sizes);
});

test('a copy follows another commit and then one of as many changes as there may be', async () => {
  await using source = await open('memory:');
  await using target = await open('memory:');
  const scope = source.app('a').scope('s');
  await scope.set('first', 0);
  await copierOf(source.source, target.source).run();
  await scope.set('second', 0);
  await scope.setMany(Array.from({ length: 1000 }, (_, index) => [`k${index}`, index] as const));
  const counts = await copierOf(source.source, target.source).run();
  expect(counts).toMatchObject({ entries: 1002, followed: 2 });
});
