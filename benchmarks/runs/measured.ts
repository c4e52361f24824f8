/** What is measured of each side, and how. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median, quantile } from '../measure.ts';

export interface Measured {
  /** Milliseconds of each step, in order; the steps of all runs one after the other. */
  readonly steps: readonly number[];
  /** Of the whole folder at the end, log and write-ahead log included, nothing closed yet. */
  readonly diskBytes: number;
  readonly closedBytes: number;
  readonly loadLatestMs: number;
  readonly loadMiddleMs: number;
}

export function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

const loads = 7;

/** The median of several, after one that warms up. */
export async function loadTime(load: (index: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index <= loads; index += 1) {
    const start = performance.now();
    await load(index);
    times.push(performance.now() - start);
  }
  return median(times.slice(1));
}

export function figures({ steps, diskBytes, closedBytes, ...loading }: Measured, changed: number) {
  const share = Math.max(1, Math.floor(steps.length / 10));
  return {
    'step p50 ms': quantile(steps, 0.5),
    'step p99 ms': quantile(steps, 0.99),
    'last tenth / first tenth': median(steps.slice(-share)) / median(steps.slice(0, share)),
    'disk MB': diskBytes / 1e6,
    'disk MB, closed': closedBytes / 1e6,
    'disk / changed bytes': diskBytes / changed,
    'load latest ms': loading.loadLatestMs,
    'load middle ms': loading.loadMiddleMs,
  };
}
