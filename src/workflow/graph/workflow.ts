/** A workflow: executors, and the edges that their messages take. Plain, immutable, checked. */
import { HoldfastError } from '../../errors/index.ts';
import type { PolicyRule, Reducer } from '../../layers/runs/index.ts';
import type { ExecutorContext } from '../running/executor-context.ts';
import { shownEdge, sourcesOf, targetsOf } from './edges.ts';
import type { Edge } from './edges.ts';
import { describeGraph, signatureOf } from './signature.ts';
import type { GraphDescription } from './signature.ts';

/** Takes one message. Users may name the type that they expect. */
export type Handler = {
  handle(message: unknown, context: ExecutorContext): Promise<void> | void;
}['handle'];

/**
 * One of the parts of a workflow. A function alone is an executor that is tried once.
 *
 * @example
 * import { execute, workflow } from 'holdfast/workflow';
 * import type { Executor } from 'holdfast/workflow';
 *
 * const clerk: Executor = {
 *   attempts: 3,
 *   timeoutMs: 30_000,
 *   handle: (order, context) => void context.request({ approve: order }),
 *   answered: (answer, { payload }, context) => context.output({ ...(payload as object), answer }),
 * };
 * const flow = workflow({ name: 'approval', start: 'clerk', executors: { clerk }, edges: [] });
 * const waiting = await execute(app, flow, { run: 'r1', input: 'o1' }).result();
 * await app.runs('approval').answer('r1', waiting.requests[0]?.id ?? '', 'yes');
 * const { outputs } = await execute(app, flow, { run: 'r1' }).result();
 * outputs; // => [{ approve: 'o1', answer: 'yes' }]
 */
export interface Executor {
  /** Takes one message. A throw fails the turn: nothing of it stays, and it may be tried again. */
  handle(message: unknown, context: ExecutorContext): Promise<void> | void;
  /** Takes the answer to a request of its own. Left out: `handle` gets `{ request, answer }`. */
  answered?(
    answer: unknown,
    request: AnsweredRequest,
    context: ExecutorContext,
  ): Promise<void> | void;
  /** How often its turn is tried in a step. Default 1. */
  readonly attempts?: number | undefined;
  /** Between two attempts; doubles with each. Default 100. */
  readonly retryDelayMs?: number | undefined;
  /** Of one attempt. Default: none. */
  readonly timeoutMs?: number | undefined;
}

export interface AnsweredRequest {
  readonly id: string;
  readonly payload: unknown;
}

export interface WorkflowDefinition {
  /** Of letters, digits, `.`, `_`, `-`: the runs of the workflow are kept under it. */
  readonly name: string;
  /** The executor that gets the input. */
  readonly start: string;
  /** In the order that decides where order matters: of lists, and of the policy `last`. */
  readonly executors: Readonly<Record<string, Executor | Handler>>;
  readonly edges: readonly Edge[];
  readonly policies?: readonly PolicyRule[] | undefined;
  readonly reducers?: Readonly<Record<string, Reducer>> | undefined;
}

export interface Workflow {
  readonly name: string;
  readonly start: string;
  readonly executors: ReadonlyMap<string, Executor>;
  readonly edges: readonly Edge[];
  readonly policies: readonly PolicyRule[];
  readonly reducers: Readonly<Record<string, Reducer>>;
  readonly description: GraphDescription;
  /** Of the description; kept with every checkpoint. */
  readonly signature: string;
}

/**
 * A graph that can be executed, any number of times and at once. Touches no store. Throws
 * `invalid_argument` for a graph that cannot run, and says which part.
 *
 * @example
 * import { execute, workflow } from 'holdfast/workflow';
 *
 * const flow = workflow({
 *   name: 'counting',
 *   start: 'counter',
 *   executors: {
 *     counter: (by: number, context) => context.state.set('n', context.state.get('n', 0) + by),
 *   },
 *   edges: [],
 * });
 * await execute(app, flow, { run: 'r1', input: 2 }).result();
 * await using run = await app.runs('counting').open('r1');
 * run.state.get('n'); // => 2
 */
export function workflow(definition: WorkflowDefinition): Workflow {
  const executors = new Map<string, Executor>();
  for (const [name, given] of Object.entries(definition.executors)) {
    executors.set(name, checkedExecutor(name, given));
  }
  const { name, start, edges } = definition;
  if (!executors.has(start)) throw invalid(`the start '${start}' is no executor`);
  for (const edge of edges) {
    for (const end of [...sourcesOf(edge), ...targetsOf(edge)]) {
      if (!executors.has(end)) throw invalid(`'${end}' in '${shownEdge(edge)}' is no executor`);
    }
  }
  const joins = edges.filter(({ kind }) => kind === 'fanIn').map((edge) => shownEdge(edge));
  if (new Set(joins).size < joins.length) throw invalid('two fan-in edges are the same');
  const policies = [...(definition.policies ?? [])];
  const description = describeGraph({ start, executors, edges, policies });
  const signature = signatureOf(description);
  const reducers = { ...definition.reducers };
  const graph = { name, start, executors, edges: [...edges], policies, reducers };
  return Object.freeze({ ...graph, description, signature });
}

function checkedExecutor(name: string, given: Executor | Handler): Executor {
  const executor: Executor = typeof given === 'function' ? { handle: given } : given;
  if (typeof executor?.handle !== 'function') throw invalid(`executor '${name}' has no handle`);
  const { attempts = 1, retryDelayMs = 0, timeoutMs = 1 } = executor;
  const areWhole = [attempts, retryDelayMs, timeoutMs].every((n) => Number.isSafeInteger(n));
  if (areWhole && attempts >= 1 && retryDelayMs >= 0 && timeoutMs >= 1) return executor;
  throw invalid(`executor '${name}': attempts, retryDelayMs and timeoutMs are whole numbers`);
}

function invalid(reason: string): HoldfastError {
  return new HoldfastError('invalid_argument', `the workflow cannot run: ${reason}`);
}
