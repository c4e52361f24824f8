/**
 * Questions about bytes and memory: what an update writes, what a store weighs, how fast it opens.
 */
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { median } from '../measure.ts';
import type { Report } from '../report.ts';
import { openStore } from './fixture.ts';
import type { Fixture } from './fixture.ts';

/**
 * Bytes that this process has handed to the kernel for writing; 0 where the system does not tell.
 */
function bytesWritten(): number {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Everything counts: entry, log, both in the write-ahead log and again when it is checkpointed. */
export async function measureLargeValue(report: Report, { ledger }: Fixture): Promise<void> {
  const ref = { scope: 'large', key: 'document' };
  const value = {
    title: 'report',
    pages: Array.from({ length: 1000 }, (_, n) => `${n} `.repeat(200)),
    views: 0,
  };
  await ledger.commit({ mutations: [{ kind: 'set', ...ref, value }] });
  const size = (await ledger.read([ref]))[0]!.value.size;
  const rounds = 40;
  const before = bytesWritten();
  for (let round = 0; round < rounds; round += 1) {
    const operations = [{ op: 'increment', path: ['views'] }] as const;
    await ledger.commit({ mutations: [{ kind: 'update', ...ref, operations }] });
  }
  const written = (bytesWritten() - before) / rounds;
  report.add({
    question: 'bytes written by a one-field update of a large value, write-ahead log and all',
    target: 'at most 1.2 times the value',
    met: written <= 1.2 * size,
    figures: { 'bytes/update': Math.round(written), 'value bytes': size, share: written / size },
  });
}

export async function measureOpening(
  report: Report,
  fixture: Fixture,
  count: number,
): Promise<void> {
  const path = join(fixture.folder, 'ours.db');
  await fixture.ledgers.close();
  const clean: number[] = [];
  for (let round = 0; round < 5; round += 1) clean.push(await openingTime(path));
  const crashed: number[] = [];
  let logBytes = 0;
  for (let round = 0; round < 5; round += 1) {
    killedWriter(path);
    logBytes = Math.max(logBytes, statSync(`${path}-wal`).size);
    crashed.push(await openingTime(path));
  }
  report.add({
    question: `open, read one entry, with ${count.toLocaleString('en')} entries stored`,
    target: 'told, not judged',
    met: undefined,
    figures: {
      'after close, ms': median(clean),
      'after kill -9, ms': median(crashed),
      'write-ahead log to recover, bytes': logBytes,
      'file, bytes': statSync(path).size,
    },
  });
}

async function openingTime(path: string): Promise<number> {
  const start = performance.now();
  const ledgers = await openStore(path);
  await ledgers.ledger('bench').read([{ scope: 'facts', key: '00000000' }]);
  const spent = performance.now() - start;
  await ledgers.close();
  return spent;
}

/** A child that writes until it kills itself, so that the next opening has something to recover. */
function killedWriter(path: string): void {
  const child = new URL('./children/killed-writer.ts', import.meta.url).pathname;
  spawnSync(process.execPath, [child, path]);
}

interface HeapReading {
  readonly bare: number;
  readonly idle: number;
  readonly writingPeak: number;
  readonly scanningPeak: number;
  readonly settled: number;
}

/**
 * The package as it is published, with the script that uses it: a process that runs TypeScript
 * holds its type stripper before anything else, and what is measured above that looks too small.
 */
function builtChild(folder: string): string {
  const root = join(import.meta.dirname, '..', '..');
  const compiler = join(root, 'node_modules', '.bin', 'tsc');
  const project = ['-p', join(root, 'tsconfig.build.json'), '--declaration', 'false'];
  const args = [
    ...project,
    '--sourceMap',
    'false',
    '--inlineSources',
    'false',
    '--outDir',
    join(folder, 'src'),
  ];
  const built = spawnSync(compiler, args, { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stdout);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const file of ['bare.ts', 'fixture.ts', 'children/heap.ts']) {
    const source = readFileSync(join(import.meta.dirname, file), 'utf8');
    const script = stripTypeScriptTypes(source).replaceAll(
      /(from |import\()'(\..*)\.ts'/g,
      "$1'$2.js'",
    );
    const target = join(folder, 'benchmarks', 'ledger', file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, script);
  }
  return join(folder, 'benchmarks', 'ledger', 'children', 'heap.js');
}

/** In a process of its own: this one's heap is full of the other questions. */
export function measureHeap(report: Report, count: number): void {
  const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-built-'));
  const child = builtChild(folder);
  const run = spawnSync(process.execPath, ['--expose-gc', child, String(count)], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  if (run.status !== 0) throw new Error(run.stderr);
  const heap = JSON.parse(run.stdout) as HeapReading;
  const megabytes = (bytes: number): number => bytes / 2 ** 20;
  report.add({
    question: 'memory above bare Node of an open, idle store',
    target: 'less than 15 MB',
    met: megabytes(heap.idle - heap.bare) < 15,
    figures: {
      'MiB above bare': megabytes(heap.idle - heap.bare),
      'MiB bare': megabytes(heap.bare),
    },
  });
  report.add({
    question: `memory above bare Node while ${count.toLocaleString('en')} entries are written and scanned`,
    target: 'bounded: less than 250 MB at the peak, at any number of entries',
    met: megabytes(Math.max(heap.writingPeak, heap.scanningPeak) - heap.bare) < 250,
    figures: {
      'MiB peak writing': megabytes(heap.writingPeak - heap.bare),
      'MiB peak scanning': megabytes(heap.scanningPeak - heap.bare),
      'MiB afterwards': megabytes(heap.settled - heap.bare),
    },
  });
}
