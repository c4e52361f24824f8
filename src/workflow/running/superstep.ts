/** One superstep of a workflow: each executor that has messages takes its turn; one commit. */
import { isHoldfastError } from '../../errors/index.ts';
import type { Committed, PendingRequest, Run, Step } from '../../layers/runs/index.ts';
import type { Clock } from '../../internal/clock.ts';
import { deliveries, routed } from '../graph/routing.ts';
import type { Envelope, Sent } from '../graph/routing.ts';
import type { Workflow } from '../graph/workflow.ts';
import type { WorkflowEvent } from './events.ts';
import type { TurnEffects } from './executor-context.ts';
import { takeTurn, unlessAborted } from './turn.ts';

export interface SuperstepParts {
  readonly flow: Workflow;
  readonly run: Run;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  newRequestId(): string;
  tell(event: WorkflowEvent): void;
}

export interface Pending {
  readonly messages: readonly Envelope[];
  readonly requests: readonly PendingRequest[];
}

const commitAttempts = 5;
const commitDelayMs = 50;
/** How often a step is done again because the app was not as it had expected. */
const contendedAttempts = 5;

/** Whether anything can be delivered. */
export function isQuiet(flow: Workflow, messages: readonly Envelope[]): boolean {
  return deliveries(flow, messages).inboxes.size === 0;
}

/** Throws what an executor or the commit throws; then nothing of the step is there. */
export async function superstep(parts: SuperstepParts, pending: Pending): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await attemptStep(parts, pending);
      return;
    } catch (error) {
      if (!isHoldfastError(error, 'contended') || attempt === contendedAttempts) throw error;
    }
  }
}

async function attemptStep(parts: SuperstepParts, pending: Pending): Promise<void> {
  const { flow, run, tell, signal } = parts;
  const { inboxes, waiting } = deliveries(flow, pending.messages);
  const executors = [...inboxes.keys()];
  const abort = new AbortController();
  const stepSignal = AbortSignal.any([signal, run.signal, abort.signal]);
  const step = run.step({ executors, signal: stepSignal });
  const number = run.latest.step + 1;
  tell({ type: 'step', step: number, executors });
  try {
    const turns = executors.map((name) => {
      const executor = flow.executors.get(name);
      const inbox = inboxes.get(name) ?? [];
      if (executor === undefined) throw new Error(`no executor '${name}'`);
      const turn = { name, executor, inbox, run: run.id, number, step, signal: stepSignal };
      return takeTurn({ ...parts, ...turn }).catch((error: unknown) => {
        // The others' work is lost with the step, so they need not go on.
        abort.abort();
        throw error;
      });
    });
    const effects = await allOrFirst(turns);
    await commitStep(parts, step, effects, { ...pending, messages: waiting });
  } finally {
    step.discard();
  }
}

/** All results; or, once all have ended, what the first that failed on its own threw. */
async function allOrFirst<T>(turns: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(turns);
  const failed = (one: PromiseSettledResult<T>) => {
    return one.status === 'rejected' && !isHoldfastError(one.reason, 'aborted');
  };
  // Rejects with what the turn threw, whatever that is.
  await turns[settled.findIndex(failed)];
  return Promise.all(turns);
}

async function commitStep(
  parts: SuperstepParts,
  step: Step,
  effects: readonly TurnEffects[],
  left: Pending,
): Promise<void> {
  const { flow, tell } = parts;
  const sent = effects.flatMap((one): readonly Sent[] => one.sent);
  const { envelopes, dropped } = routed(flow, sent);
  const messages = [...left.messages, ...envelopes];
  const asked = effects.flatMap((one) => one.requests);
  const requests = [...left.requests, ...asked];
  const isOver = isQuiet(flow, messages);
  const quiet = requests.length > 0 ? 'waiting' : 'completed';
  const status = isOver ? quiet : 'running';
  const committed = await patientCommit(parts, () => step.commit({ messages, requests, status }));
  tell({ type: 'checkpoint', step: committed.step, checkpoint: committed.checkpoint });
  for (const { from, value } of dropped) tell({ type: 'dropped', from, value });
  for (const request of asked) tell({ type: 'request', request });
  for (const { executor, outputs } of effects) {
    for (const value of outputs) tell({ type: 'output', executor, value });
  }
}

/** A store that is busy or away for a moment is no reason to do the step again. */
async function patientCommit(
  { clock, signal }: SuperstepParts,
  commit: () => Promise<Committed>,
): Promise<Committed> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await commit();
    } catch (error) {
      const mayPass = isHoldfastError(error) && error.retryable && error.outcome === 'not-applied';
      if (!mayPass || error.code === 'contended' || attempt === commitAttempts) throw error;
    }
    await unlessAborted(signal, clock.sleep(commitDelayMs * 2 ** (attempt - 1)));
  }
}
