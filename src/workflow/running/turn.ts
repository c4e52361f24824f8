/**
 * One executor's turn in a step: its messages one after the other, tried again if it fails.
 *
 * T1. An attempt that fails leaves nothing: neither writes, nor messages, nor requests.
 * T2. An attempt whose time ran out is told by its signal, and what it does afterwards is refused.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Step } from '../../layers/runs/index.ts';
import type { Envelope } from '../graph/routing.ts';
import type { Executor } from '../graph/workflow.ts';
import type { WorkflowEvent } from './events.ts';
import { ExecutorContext, TurnEffects } from './executor-context.ts';

export interface Turn {
  readonly name: string;
  readonly executor: Executor;
  readonly inbox: readonly Envelope[];
  readonly run: string;
  readonly number: number;
  readonly step: Step;
  readonly clock: Clock;
  /** Aborts when the step is given up. */
  readonly signal: AbortSignal;
  newRequestId(): string;
  tell(event: WorkflowEvent): void;
}

const retryDelayMsDefault = 100;

/** Throws what the last attempt threw, `timeout` if its time ran out. */
export async function takeTurn(turn: Turn): Promise<TurnEffects> {
  const { name: executor, signal, clock, tell } = turn;
  const { attempts = 1, retryDelayMs = retryDelayMsDefault } = turn.executor;
  for (let attempt = 1; ; attempt += 1) {
    tell({ type: 'executing', executor, attempt });
    try {
      const effects = await tryOnce(turn, attempt);
      tell({ type: 'executed', executor });
      return effects;
    } catch (error) {
      if (attempt >= attempts || signal.aborted) throw error;
      tell({ type: 'retrying', executor, error });
    }
    await unlessAborted(signal, clock.sleep(retryDelayMs * 2 ** (attempt - 1)));
  }
}

async function tryOnce(turn: Turn, attempt: number): Promise<TurnEffects> {
  const { name, executor, run, number, clock, signal } = turn;
  const effects = new TurnEffects(name);
  const abort = new AbortController();
  const parts = {
    view: turn.step.restart(name),
    run,
    step: number,
    attempt,
    signal: AbortSignal.any([signal, abort.signal]),
    newRequestId: () => turn.newRequestId(),
    emit: (data: unknown) => turn.tell({ type: 'progress', executor: name, data }),
  };
  const context = new ExecutorContext(parts, effects);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const { timeoutMs } = executor;
  const timer =
    timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => reject(overdue(turn)));
  try {
    await unlessAborted(signal, Promise.race([handleAll(turn, context), late]));
    return effects;
  } finally {
    timer?.cancel();
    // Whoever goes on in the background is told, and refused.
    abort.abort();
  }
}

async function handleAll({ executor, inbox }: Turn, context: ExecutorContext): Promise<void> {
  for (const { value, answers } of inbox) {
    const message = structuredClone(value);
    if (answers === undefined) await executor.handle(message, context);
    else if (executor.answered === undefined) {
      await executor.handle({ request: structuredClone(answers), answer: message }, context);
    } else await executor.answered(message, structuredClone(answers), context);
  }
}

function overdue({ name, executor: { timeoutMs } }: Turn): HoldfastError {
  const text = `executor '${name}' took longer than ${timeoutMs} ms; its writes were dropped`;
  return new HoldfastError('timeout', text, {
    details: { executor: name, timeoutMs },
    outcome: 'not-applied',
  });
}

/** `work`, or `aborted` as soon as the signal says so. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  function abort(): void {
    reject(new HoldfastError('aborted', 'the step was given up; nothing of it was written'));
  }
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
