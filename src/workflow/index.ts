/**
 * Workflows: executors that send each other messages, in durable supersteps.
 *
 * The door `holdfast/workflow`. State, checkpoints and forks are those of `app.runs(…)`.
 */
import type { App } from '../store/index.ts';
import type { Workflow } from './graph/workflow.ts';
import { Execution } from './running/execution.ts';
import type { ExecuteOptions } from './running/options.ts';

export { conditional, direct, fanIn, fanOut, switchOn } from './graph/edges.ts';
export type {
  ConditionalEdge,
  DirectEdge,
  Edge,
  FanInEdge,
  FanOutEdge,
  SwitchEdge,
} from './graph/edges.ts';
export type { Envelope } from './graph/routing.ts';
export { graphChanges } from './graph/signature.ts';
export type { GraphDescription } from './graph/signature.ts';
export { workflow } from './graph/workflow.ts';
export type {
  AnsweredRequest,
  Executor,
  Handler,
  Workflow,
  WorkflowDefinition,
} from './graph/workflow.ts';
export type { WorkflowEvent } from './running/events.ts';
export { Execution } from './running/execution.ts';
export { ExecutorContext } from './running/executor-context.ts';
export type { ExecuteOptions, ExecutionResult } from './running/options.ts';

/**
 * Begins a run of a workflow, or goes on with it where its last checkpoint stands, on whatever
 * machine. It starts by itself; `result()` and the events tell what comes of it, and throw. Throws
 * `invalid_argument`, `invalid_name` at once.
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
 * await execute(app, flow, { run: 'r1', input: 'Ada' }).result();
 * const again = await execute(app, flow, { run: 'r1', input: 'Bob' }).result();
 * again.outputs; // => ['Hello Ada']
 */
export function execute(app: App, flow: Workflow, options: ExecuteOptions): Execution {
  return new Execution(app.runs(flow.name), flow, options);
}
