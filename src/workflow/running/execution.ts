/**
 * A workflow at work: supersteps until nothing is left to deliver.
 *
 * E1. Each step is one commit and one checkpoint. After a crash at any point the same call goes on
 *     from the last one: executors may be called again, their state effects come once.
 * E2. Which executor gets what, and in which order effects stand, depends on the graph and its
 *     declared order, never on timing.
 * E3. An executor that fails after its last attempt fails the execution; its step leaves nothing.
 */
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { AnswerOutcome, Run, Runs } from '../../layers/runs/index.ts';
import type { Envelope } from '../graph/routing.ts';
import type { Workflow } from '../graph/workflow.ts';
import { EventQueue } from './events.ts';
import type { WorkflowEvent } from './events.ts';
import { outputsList } from './executor-context.ts';
import type { ExecuteOptions, ExecutionResult } from './options.ts';
import { isQuiet, superstep } from './superstep.ts';
import type { Pending } from './superstep.ts';
import { takeUp } from './take-up.ts';

const maxStepsDefault = 100;
const requestIdBytes = 8;

type Ending = 'completed' | 'waiting' | 'cancelled' | 'stopped';

export class Execution implements AsyncIterable<WorkflowEvent> {
  readonly run: string;
  readonly #runs: Runs;
  readonly #flow: Workflow;
  readonly #options: ExecuteOptions;
  readonly #events = new EventQueue();
  readonly #abort = new AbortController();
  readonly #outcome: Promise<ExecutionResult>;
  #isCancelled = false;

  constructor(runs: Runs, flow: Workflow, options: ExecuteOptions) {
    const { maxSteps = maxStepsDefault, signal } = options;
    if (!Number.isSafeInteger(maxSteps) || maxSteps < 1) {
      throw new HoldfastError('invalid_argument', `maxSteps must be a positive whole number`);
    }
    this.run = options.run;
    this.#runs = runs;
    this.#flow = flow;
    this.#options = options;
    const stop = () => this.#abort.abort();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    this.#outcome = this.#execute().finally(() => {
      signal?.removeEventListener('abort', stop);
      this.#events.end();
    });
    // Whoever only follows the events learns of it there.
    this.#outcome.catch(() => undefined);
  }

  /**
   * What has come of it when it ends, or waits. Rejects with what made it fail: the error of an
   * executor, `step_conflict`, `fenced`, `limit_exceeded`, `graph_mismatch`, `held`. May be asked
   * for any number of times.
   *
   * @example
   * import { execute, workflow } from 'holdfast/workflow';
   *
   * const flow = workflow({
   *   name: 'greet',
   *   start: 'greeter',
   *   executors: { greeter: (name: string, context) => context.output(`Hello ${name}`) },
   *   edges: [],
   * });
   * const { status, outputs } = await execute(app, flow, { run: 'r1', input: 'Ada' }).result();
   * status; // => 'completed'
   * outputs; // => ['Hello Ada']
   */
  result(): Promise<ExecutionResult> {
    return this.#outcome;
  }

  /**
   * The events, for one reader. One that is slow holds up the next step; one that leaves does not
   * end the execution.
   */
  [Symbol.asyncIterator](): AsyncIterator<WorkflowEvent> {
    return this.#events;
  }

  /**
   * Answers a request of the run, durably. It need not have been asked by this execution, and
   * `app.runs(…).answer` does the same without one. `accepted`, or `answered` if somebody was
   * first, or `not_pending`.
   *
   * @example
   * import { execute, workflow } from 'holdfast/workflow';
   *
   * const flow = workflow({
   *   name: 'asking',
   *   start: 'clerk',
   *   executors: {
   *     clerk: {
   *       handle: (question, context) => void context.request(question),
   *       answered: (answer, _request, context) => context.output(answer),
   *     },
   *   },
   *   edges: [],
   * });
   * const execution = execute(app, flow, { run: 'r1', input: 'Why?', wait: true });
   * for await (const event of execution) {
   *   if (event.type === 'request') await execution.answer(event.request.id, 'Because');
   * }
   * const { outputs } = await execution.result();
   * outputs; // => ['Because']
   */
  answer(request: string, answer: unknown): Promise<AnswerOutcome> {
    return this.#runs.answer(this.run, request, answer);
  }

  /**
   * Ends the run: the step under way is dropped, the run is marked. It can be taken up again. Gives
   * what `result` gives; of an execution that had ended, as it had.
   *
   * @example
   * import { execute, workflow } from 'holdfast/workflow';
   *
   * const flow = workflow({
   *   name: 'patient',
   *   start: 'asker',
   *   executors: { asker: (_message, context) => void context.request('Go on?') },
   *   edges: [],
   * });
   * const execution = execute(app, flow, { run: 'r1', wait: true });
   * const { status } = await execution.cancel();
   * status; // => 'cancelled'
   */
  async cancel(): Promise<ExecutionResult> {
    this.#isCancelled = true;
    this.#abort.abort();
    return this.#outcome;
  }

  /**
   * Ends the execution, not the run: the step under way is dropped, and can be done elsewhere. Like
   * the option `signal`.
   *
   * @example
   * import { execute, workflow } from 'holdfast/workflow';
   *
   * const flow = workflow({
   *   name: 'patient',
   *   start: 'asker',
   *   executors: { asker: (_message, context) => void context.request('Go on?') },
   *   edges: [],
   * });
   * const execution = execute(app, flow, { run: 'r1', wait: true });
   * for await (const { type } of execution) if (type === 'waiting') break;
   * const { requests } = await execution.stop();
   * requests.map(({ payload }) => payload); // => ['Go on?']
   */
  async stop(): Promise<ExecutionResult> {
    this.#abort.abort();
    return this.#outcome;
  }

  async #execute(): Promise<ExecutionResult> {
    // The caller gets its handle, and may begin to read, before the first event.
    await Promise.resolve();
    let taken: Awaited<ReturnType<typeof takeUp>>;
    try {
      taken = await takeUp(this.#runs, this.#flow, this.#options);
    } catch (error) {
      this.#tell({ type: 'failed', error });
      throw error;
    }
    const { run, isResumed } = taken;
    try {
      this.#tell({ type: 'started', checkpoint: run.latest.id, isResumed });
      const ending = await this.#toTheEnd(run);
      return await this.#ended(run, ending);
    } catch (error) {
      this.#tell({ type: 'failed', error });
      await markFailed(run, error);
      throw error;
    } finally {
      await run.close().catch(() => undefined);
    }
  }

  async #toTheEnd(run: Run): Promise<Ending> {
    const { maxSteps = maxStepsDefault } = this.#options;
    try {
      for (let steps = 0; ; steps += 1) {
        await this.#events.room();
        const pending = await this.#pending(run);
        if (pending === undefined) return run.latest.requests.length > 0 ? 'waiting' : 'completed';
        if (this.#abort.signal.aborted) return this.#cut();
        if (steps === maxSteps) throw tooManySteps(run, maxSteps);
        const { clock, random } = this.#runs.parts;
        const parts = {
          flow: this.#flow,
          run,
          clock,
          signal: this.#abort.signal,
          newRequestId: () => random.hex(requestIdBytes),
          tell: (event: WorkflowEvent) => this.#tell(event),
        };
        await superstep(parts, pending);
      }
    } catch (error) {
      if (!isHoldfastError(error, 'aborted')) throw error;
      if (this.#abort.signal.aborted) return this.#cut();
      throw run.signal.aborted ? takenOver(run) : error;
    }
  }

  /** What the next step has to deliver; undefined if nothing, and nothing is waited for. */
  async #pending(run: Run): Promise<Pending | undefined> {
    const { requests } = run.latest;
    const messages = run.latest.messages as readonly Envelope[];
    const ids = requests.map(({ id }) => id);
    let answers = ids.length === 0 ? new Map<string, unknown>() : await this.#answers(ids);
    if (answers.size === 0 && isQuiet(this.#flow, messages)) {
      if (ids.length === 0 || this.#options.wait !== true) return undefined;
      this.#tell({ type: 'waiting', requests });
      await this.#runs.answered(this.run, ids, AbortSignal.any([this.#abort.signal, run.signal]));
      answers = await this.#answers(ids);
    }
    const given = requests.filter(({ id }) => answers.has(id));
    const envelopes = given.map(({ id, executor, payload }): Envelope => {
      const answer = answers.get(id);
      this.#tell({ type: 'answered', request: id, answer });
      return { to: executor, value: answer, answers: { id, payload } };
    });
    return {
      messages: [...messages, ...envelopes],
      requests: requests.filter(({ id }) => !answers.has(id)),
    };
  }

  #answers(ids: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    return this.#runs.answers(this.run, ids);
  }

  #cut(): Ending {
    return this.#isCancelled ? 'cancelled' : 'stopped';
  }

  async #ended(run: Run, ending: Ending): Promise<ExecutionResult> {
    if (ending === 'cancelled') await run.checkpoint({ status: 'cancelled' });
    const outputs = run.state.reservedList(outputsList).range();
    const { status, id: checkpoint, step, requests } = run.latest;
    if (ending === 'completed') this.#tell({ type: 'completed', outputs });
    else if (ending === 'waiting') this.#tell({ type: 'waiting', requests });
    else this.#tell({ type: ending });
    return { status, outputs, checkpoint, step, requests };
  }

  #tell(event: WorkflowEvent): void {
    this.#events.push(event);
  }
}

/** So that a list of runs shows it. What made it fail is the news, not that this failed too. */
async function markFailed(run: Run, error: unknown): Promise<void> {
  if (run.signal.aborted) return;
  const message = error instanceof Error ? error.message : String(error);
  const metadata = { error: message.toWellFormed() };
  await run.checkpoint({ status: 'failed', metadata }).catch(() => undefined);
}

function tooManySteps(run: Run, maxSteps: number): HoldfastError {
  const text = `run '${run.id}' of '${run.workflow}' is not quiet after ${maxSteps} steps`;
  return new HoldfastError('limit_exceeded', `${text} (maxSteps); resume it to go on`, {
    details: { workflow: run.workflow, run: run.id, maxSteps },
  });
}

function takenOver(run: Run): HoldfastError {
  const text = `run '${run.id}' of '${run.workflow}' was taken over; its step was dropped`;
  return new HoldfastError('fenced', text, { details: { workflow: run.workflow, run: run.id } });
}
