/**
 * Opens the run of a workflow: begins it with its input, or takes it up, if the graph is the one
 * that it was made with.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Run, Runs } from '../../layers/runs/index.ts';
import type { Envelope } from '../graph/routing.ts';
import { graphChanges } from '../graph/signature.ts';
import type { GraphDescription } from '../graph/signature.ts';
import type { Workflow } from '../graph/workflow.ts';
import type { ExecuteOptions } from './options.ts';

/** Throws `graph_mismatch`, `held`, `not_found`. */
export async function takeUp(
  runs: Runs,
  flow: Workflow,
  options: ExecuteOptions,
): Promise<{ readonly run: Run; readonly isResumed: boolean }> {
  const { run: id, input = null, state, keep, maxStateBytes, checkpoint, waitMs } = options;
  const { signature, policies, reducers } = flow;
  const isResumed = (await runs.latest(id)) !== undefined;
  if (!isResumed) await runs.keepGraph(signature, flow.description);
  const first: Envelope = { to: flow.start, value: input };
  const run = await runs.open(id, {
    policies,
    reducers,
    keep,
    maxStateBytes,
    signature,
    waitMs,
    mustExist: checkpoint !== undefined,
    initial: { messages: [first], state },
  });
  try {
    if (checkpoint !== undefined) await run.restore(checkpoint);
    await checkGraph(runs, run, flow, options.acceptGraph === true);
    return { run, isResumed };
  } catch (error) {
    await run.close();
    throw error;
  }
}

async function checkGraph(
  runs: Runs,
  run: Run,
  flow: Workflow,
  isAccepted: boolean,
): Promise<void> {
  const { signature, messages, requests } = run.latest;
  const receivers = [
    ...(messages as readonly Envelope[]).map(({ to }) => to),
    ...requests.map(({ executor }) => executor),
  ];
  const missing = receivers.find((name) => !flow.executors.has(name));
  if (missing !== undefined) {
    const changes = [`removed executor: ${missing}, which has messages or requests to take`];
    throw mismatch(run, changes);
  }
  if (signature === flow.signature || signature === undefined) return;
  const before = (await runs.keptGraph(signature)) as GraphDescription | undefined;
  const changes = before === undefined ? [] : graphChanges(before, flow.description);
  if (!isAccepted) throw mismatch(run, changes);
  await runs.keepGraph(flow.signature, flow.description);
}

function mismatch(run: Run, changes: readonly string[]): HoldfastError {
  const what = changes.length === 0 ? 'the old one is not known' : changes.join('; ');
  const text = `run '${run.id}' was made with another graph of '${run.workflow}': ${what}`;
  return new HoldfastError('graph_mismatch', text, {
    details: { workflow: run.workflow, run: run.id, changes: [...changes] },
  });
}
