/** `run …`: the runs of workflows, their checkpoints, forks of them, and pruning. */
import { runScopePrefix } from '../../../layers/runs/index.ts';
import type { Checkpoint, RunInfo, Runs, StateDifference } from '../../../layers/runs/index.ts';
import { StoredValue } from '../../../ledger/index.ts';
import type { Ledger } from '../../../ledger/index.ts';
import { systemClock } from '../../../internal/clock.ts';
import { systemRandom } from '../../../internal/random.ts';
import { App } from '../../../store/index.ts';
import type { Context } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { CommandEnd, usageError } from '../../failure.ts';
import { formatTime, formatValue, valueMember } from '../../output/format.ts';
import type { RecordShape } from '../../output/output.ts';
import { parseDuration } from '../../input/duration.ts';

type Access = 'read' | 'write';

async function withRuns(
  context: Context,
  access: Access,
  workflow: string,
  work: (runs: Runs) => Promise<void>,
): Promise<void> {
  await context.withLedger(access, (ledger) => work(runsOf(ledger, workflow)));
}

function runsOf(ledger: Ledger, workflow: string): Runs {
  return App.over(ledger, { clock: systemClock, random: systemRandom }).runs(workflow);
}

interface ListedRun extends RunInfo {
  readonly latest: Checkpoint | undefined;
}

const runShape: RecordShape<ListedRun> = {
  json({ latest, ...info }) {
    return JSON.stringify({ ...info, checkpoint: latest?.id, step: latest?.step });
  },
  columns: [
    { title: 'WORKFLOW', cell: ({ workflow }) => workflow },
    { title: 'RUN', cell: ({ run }) => run },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'STEP', align: 'right', cell: ({ latest }) => String(latest?.step ?? '') },
    { title: 'CHECKPOINT', align: 'right', cell: ({ latest }) => String(latest?.id ?? '') },
    { title: 'REQUESTS', align: 'right', cell: ({ latest }) => String(latest?.requests.length) },
  ],
};

/** Of all workflows if none is named. */
export async function runList(context: Context, workflow: string | undefined): Promise<void> {
  await context.withLedger('read', async (ledger) => {
    const writer = context.output.records<ListedRun>(runShape);
    const names = workflow === undefined ? await workflowsOf(ledger) : [workflow];
    for (const name of names) {
      const runs = runsOf(ledger, name);
      for await (const info of runs.list()) {
        context.signal.throwIfAborted();
        await writer.write({ ...info, latest: await runs.latest(info.run) });
      }
    }
    await writer.flush();
  });
}

async function workflowsOf(ledger: Ledger): Promise<string[]> {
  const names = new Set<string>();
  let cursor: string | undefined;
  do {
    const query = { prefix: runScopePrefix, internal: true, limit: 1000, cursor };
    const page = await ledger.scopes(query);
    for (const { scope } of page.items) {
      names.add(scope.slice(runScopePrefix.length).split('/', 1)[0] ?? '');
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return [...names];
}

const checkpointShape: RecordShape<Checkpoint> = {
  json: (checkpoint) => JSON.stringify(checkpoint),
  columns: [
    { title: 'CHECKPOINT', align: 'right', cell: ({ id }) => String(id) },
    { title: 'PARENT', align: 'right', cell: ({ parent }) => String(parent ?? '') },
    { title: 'STEP', align: 'right', cell: ({ step }) => String(step) },
    { title: 'TIME', cell: ({ time }) => formatTime(time) },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'MESSAGES', align: 'right', cell: ({ messages }) => String(messages.length) },
    { title: 'TAGS', cell: ({ tags }) => tags.join(' ') },
    { title: 'FORKS', cell: ({ forks }) => forks.join(' ') },
  ],
};

export async function runCheckpoints(
  context: Context,
  workflow: string,
  run: string,
  { limit }: { readonly limit?: number | undefined },
): Promise<void> {
  await withRuns(context, 'read', workflow, async (runs) => {
    const writer = context.output.records<Checkpoint>(checkpointShape);
    let count = 0;
    for await (const checkpoint of runs.checkpoints({ run, reverse: true, limit })) {
      context.signal.throwIfAborted();
      await writer.write(checkpoint);
      count += 1;
    }
    if (count === 0) throw noRun(workflow, run);
    await writer.flush();
  });
}

interface StateEntry {
  readonly key: string;
  readonly value: StoredValue;
}

const entryShape: RecordShape<StateEntry> = {
  json: ({ key, value }) => `{"key":${JSON.stringify(key)},${valueMember(value)}}`,
  columns: [
    { title: 'KEY', cell: ({ key }) => key },
    { title: 'VALUE', cell: ({ value }) => formatValue(value) },
  ],
};

/** The shared state of a checkpoint, the last one if none is named. */
export async function runShow(
  context: Context,
  workflow: string,
  run: string,
  { checkpoint }: { readonly checkpoint?: number | undefined },
): Promise<void> {
  await withRuns(context, 'read', workflow, async (runs) => {
    const id = checkpoint ?? (await runs.latest(run))?.id;
    const loaded = id === undefined ? undefined : await runs.load(run, id);
    if (loaded === undefined) throw noRun(workflow, run, checkpoint);
    if (context.isJson) await context.output.text(`${JSON.stringify(loaded.checkpoint)}\n`);
    else await context.output.text(titleOf(loaded.checkpoint));
    const writer = context.output.records<StateEntry>(entryShape);
    for (const key of loaded.state.keys()) {
      context.signal.throwIfAborted();
      await writer.write({ key, value: StoredValue.of(loaded.state.get(key)) });
    }
    await writer.flush();
  });
}

const differenceShape: RecordShape<StateDifference> = {
  json: (difference) => JSON.stringify(difference),
  columns: [
    {
      title: 'WHERE',
      cell: ({ executor, key, list, index }) => whereOf(executor, key, list, index),
    },
    { title: 'BEFORE', cell: ({ before }) => shown(before) },
    { title: 'AFTER', cell: ({ after }) => shown(after) },
  ],
};

function whereOf(executor?: string, key?: string, list?: string, index?: number): string {
  const place = key ?? `${list}[${index}]`;
  return executor === undefined ? place : `${place} of ${executor}`;
}

function shown(value: unknown): string {
  return value === undefined ? '' : formatValue(StoredValue.of(value));
}

export async function runDiff(
  context: Context,
  workflow: string,
  run: string,
  ...checkpoints: readonly string[]
): Promise<void> {
  const [before, after] = checkpoints.map((text) => ({ run, checkpoint: checkpointId(text) }));
  await withRuns(context, 'read', workflow, async (runs) => {
    const writer = context.output.records<StateDifference>(differenceShape);
    if (before === undefined || after === undefined) return;
    for (const difference of await runs.diff(before, after)) await writer.write(difference);
    await writer.flush();
  });
}

export async function runFork(
  context: Context,
  workflow: string,
  run: string,
  checkpoint: string,
  fork: string,
): Promise<void> {
  await withRuns(context, 'write', workflow, async (runs) => {
    const from = { run, checkpoint: checkpointId(checkpoint) };
    const made = await runs.fork(from, fork);
    await context.output.text(
      context.isJson
        ? `${JSON.stringify(made)}\n`
        : `${fork} begins at checkpoint ${from.checkpoint} of ${run}, step ${made.step}\n`,
    );
  });
}

export interface PruneOptions {
  readonly last?: number | undefined;
  readonly within?: string | undefined;
  readonly tag?: readonly string[] | undefined;
}

export async function runPrune(
  context: Context,
  workflow: string,
  run: string,
  keep: PruneOptions,
): Promise<void> {
  const { last, tag: tags } = keep;
  const withinMs = keep.within === undefined ? undefined : parseDuration(keep.within);
  if (last === undefined && withinMs === undefined && tags === undefined) {
    throw usageError('say what to keep: --last, --within or --tag');
  }
  await withRuns(context, 'write', workflow, async (runs) => {
    if ((await runs.latest(run)) === undefined) throw noRun(workflow, run);
    const pruned = await runs.prune(run, { last, withinMs, tags });
    const { checkpoints, rows, held } = pruned;
    const forks = held === 0 ? '' : `; ${held} stay, as forks stand on them`;
    await context.output.text(
      context.isJson
        ? `${JSON.stringify(pruned)}\n`
        : `${checkpoints} checkpoints and ${rows} rows went${forks}\n`,
    );
  });
}

function titleOf({ id, step, status, messages, requests, time }: Checkpoint): string {
  return (
    `checkpoint  ${id}, of step ${step}, ${formatTime(time)}\n` +
    `status      ${status}\n` +
    `messages    ${messages.length}\n` +
    `requests    ${requests.map((request) => request.id).join(' ') || 'none'}\n\n`
  );
}

function checkpointId(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw usageError(`'${text}' is no checkpoint; \`run checkpoints\` lists them`);
}

function noRun(workflow: string, run: string, checkpoint?: number): CommandEnd {
  const what = checkpoint === undefined ? '' : ` with a checkpoint ${checkpoint}`;
  const message = `there is no run '${run}' of '${workflow}'${what}`;
  return new CommandEnd('not_found', exitCodes.notFound, message, { workflow, run });
}
