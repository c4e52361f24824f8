/** The workload on runs, on SQLite, every step durable when it is counted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { open } from '../../src/index.ts';
import type { ReadableSpace, Runs, StepView } from '../../src/index.ts';
import { folderBytes, loadTime } from './measured.ts';
import type { Measured } from './measured.ts';
import type { Change, Steps, Workload } from './workload.ts';

export async function measureOurs(workload: Workload, parent: string): Promise<Measured> {
  const folder = mkdtempSync(join(parent, 'ours-'));
  const url = `file:${join(folder, 'store.db')}`;
  const steps: number[] = [];
  let diskBytes: number;
  {
    await using store = await open(url);
    const runs = store.app('bench').runs('flow');
    for (const one of workload.runs) await play(runs, one, steps);
    diskBytes = folderBytes(folder);
  }
  const closedBytes = folderBytes(folder);
  await using store = await open(url);
  const runs = store.app('bench').runs('flow');
  const { length } = workload.runs;
  const talk = (index: number) => workload.runs[index % length]!;
  const loadLatestMs = await loadTime(async (index) => {
    const { id, steps: all } = talk(index);
    const loaded = await runs.load(id, (await runs.latest(id))?.id ?? 0);
    if (loaded?.checkpoint.step !== all.length) throw new Error('not the last step');
    read(loaded.state);
  });
  const loadMiddleMs = await loadTime(async (index) => {
    const { id, steps: all } = talk(index);
    read((await runs.load(id, Math.floor(all.length / 2)))!.state);
  });
  await store.close();
  rmSync(folder, { recursive: true });
  return { steps, diskBytes, closedBytes, loadLatestMs, loadMiddleMs };
}

/** The other side hands out decoded values, so they are decoded here too. */
function read(state: ReadableSpace): void {
  for (const key of state.keys()) state.get(key);
  state.list('messages').range();
}

async function play(runs: Runs, { id, start, steps }: Steps, times: number[]): Promise<void> {
  await using run = await runs.open(id, { initial: { state: start } });
  for (const change of steps) {
    const begun = performance.now();
    const step = run.step();
    apply(step.view('worker'), change);
    await step.commit();
    times.push(performance.now() - begun);
  }
}

function apply(view: StepView, change: Change): void {
  if ('append' in change) view.list('messages').append(change.append);
  else for (const [key, value] of Object.entries(change.set)) view.set(key, value);
}
