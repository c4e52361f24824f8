/** Latency under load: one process on a file, and three on the same file. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../report.ts';

interface Reading {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly loopP50: number;
  readonly loopP99: number;
  readonly loopMax: number;
}

const seconds = 5;

export async function measureLatency(report: Report): Promise<void> {
  for (const processes of [1, 3]) {
    const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-load-'));
    const path = join(folder, 'load.db');
    const readings = await Promise.all(
      Array.from({ length: processes }, (_, seed) => writer(path, seed)),
    );
    rmSync(folder, { recursive: true });
    const worst = (pick: (reading: Reading) => number): number => Math.max(...readings.map(pick));
    const counts = readings.map((reading) => reading.count);
    report.add({
      question: `64 callers setting in each of ${processes} process${processes > 1 ? 'es' : ''} on one file`,
      target: 'told, not judged; milliseconds, the worst process',
      met: undefined,
      figures: {
        'sets/s in all': counts.reduce((sum, count) => sum + count, 0) / seconds,
        'set p50': worst(({ p50 }) => p50),
        'set p99': worst(({ p99 }) => p99),
        'set max': worst(({ max }) => max),
        'loop delay p50': worst(({ loopP50 }) => loopP50),
        'loop delay p99': worst(({ loopP99 }) => loopP99),
        'loop delay max': worst(({ loopMax }) => loopMax),
        'least served / most served': Math.min(...counts) / Math.max(...counts),
      },
    });
  }
}

function writer(path: string, seed: number): Promise<Reading> {
  const child = new URL('./children/loaded-writer.ts', import.meta.url).pathname;
  return new Promise((resolve, reject) => {
    const run = spawn(process.execPath, [child, path, String(seconds), String(seed)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    run.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    run.on('error', reject);
    run.on('close', () => resolve(JSON.parse(text) as Reading));
  });
}
