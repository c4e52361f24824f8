/** Runs a writer under the shim and gives back what it asked of the disk. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../../src/internal/random.ts';
import { isAckFile } from '../load/acks.ts';
import { Disk } from './disk.ts';
import { shimPath } from './shim.ts';
import { parseTrace } from './trace.ts';
import type { TraceRecord } from './trace.ts';

/**
 * Runs `script folder …args` to its end, with the folder `live` in `base` watched. `base` is empty.
 *
 * Throws if the writer failed, or if the trace does not explain every byte that it left behind.
 */
export async function runTraced(
  base: string,
  script: string,
  args: readonly string[],
): Promise<TraceRecord[]> {
  const folder = join(base, 'live');
  mkdirSync(folder, { recursive: true });
  const live = realpathSync(folder);
  const traceFile = join(base, 'trace');
  await run(script, [live, ...args], {
    LD_PRELOAD: shimPath(),
    HOLDFAST_TRACE: traceFile,
    HOLDFAST_TRACE_DIR: live,
  });
  const records = parseTrace(readFileSync(traceFile));
  demandWholeTrace(records, live);
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
function demandWholeTrace(records: readonly TraceRecord[], live: string): void {
  const disk = new Disk();
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
