/** Runs writers under the shim and gives back what they asked of the disk. */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../../src/internal/random.ts';
import { isAckFile } from '../load/acks.ts';
import { Disk } from './disk.ts';
import { writeFiles } from './images.ts';
import { shimPath } from './shim.ts';
import { parseTrace } from './trace.ts';
import type { TraceRecord } from './trace.ts';

export interface TracedRun {
  /** An empty folder; the writers work in its folder `live`. */
  readonly base: string;
  readonly script: string;
  /** What follows the folder on the command line of each writer; all run at once. */
  readonly writers: readonly (readonly string[])[];
  /** What the writers find. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/**
 * Runs the writers to their end.
 *
 * Throws if one failed, or if the trace does not explain every byte that they left behind.
 */
export async function runTraced(traced: TracedRun): Promise<TraceRecord[]> {
  const { base, script, writers, files } = traced;
  const folder = join(base, 'live');
  writeFiles(folder, files);
  const live = realpathSync(folder);
  const traceFile = join(base, 'trace');
  const environment = {
    LD_PRELOAD: shimPath(),
    HOLDFAST_TRACE: traceFile,
    HOLDFAST_TRACE_DIR: live,
  };
  await Promise.all(writers.map((args) => run(script, [live, ...args], environment)));
  const records = parseTrace(readFileSync(traceFile));
  demandWholeTrace(records, live, files);
  return records;
}

function run(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${script} ended with ${signal ?? code}\n${complaints}`));
    });
  });
}

/** A write that the shim missed would let a lost write pass as never written. */
function demandWholeTrace(
  records: readonly TraceRecord[],
  live: string,
  files: ReadonlyMap<string, Buffer>,
): void {
  const disk = new Disk(files);
  for (const record of records) disk.apply(record);
  const traced = disk.afterCut('all', seededRandom(0));
  const names = readdirSync(live, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(live.length + 1));
  for (const name of new Set([...names, ...traced.keys()])) {
    if (name.endsWith('-shm')) continue;
    const found = names.includes(name) ? readFileSync(join(live, name)) : undefined;
    if (found !== undefined && traced.get(name)?.equals(found) === true) continue;
    const what = isAckFile(name) ? 'acknowledgements' : 'file';
    throw new Error(`the trace does not explain the ${what} '${name}' that the writer left`);
  }
}
