/**
 * Edges: which way a message goes that an executor sends.
 *
 * Conditions and choices are code; their names are part of the graph's signature. They are called
 * when a step is committed, with a copy of the message, and must be synchronous and pure.
 */

export interface DirectEdge {
  readonly kind: 'direct';
  readonly from: string;
  readonly to: string;
}

export interface ConditionalEdge {
  readonly kind: 'conditional';
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly when: (message: unknown) => boolean;
}

export interface SwitchEdge {
  readonly kind: 'switch';
  readonly from: string;
  readonly name: string;
  /** The case of a message. */
  readonly choose: (message: unknown) => string;
  readonly cases: Readonly<Record<string, string>>;
  /** Where a message of no case goes; left out: nowhere. */
  readonly otherwise: string | undefined;
}

export interface FanOutEdge {
  readonly kind: 'fanOut';
  readonly from: string;
  readonly to: readonly string[];
  readonly name: string | undefined;
  /** Which of `to` get a message; left out: all. */
  readonly choose: ((message: unknown) => readonly string[]) | undefined;
}

export interface FanInEdge {
  readonly kind: 'fanIn';
  readonly from: readonly string[];
  readonly to: string;
}

export type Edge = DirectEdge | ConditionalEdge | SwitchEdge | FanOutEdge | FanInEdge;

/** A function of a message; users may name the type that they expect. */
type OfMessage<T> = { ask(message: unknown): T }['ask'];

/**
 * Every message of `from` goes to `to`.
 *
 * @example
 * import { direct, execute, workflow } from 'holdfast/workflow';
 *
 * const flow = workflow({
 *   name: 'greet',
 *   start: 'greeter',
 *   executors: {
 *     greeter: (name: string, context) => context.send(`Hello ${name}`),
 *     printer: (line: string, context) => context.output(line),
 *   },
 *   edges: [direct('greeter', 'printer')],
 * });
 * const { outputs } = await execute(app, flow, { run: 'r1', input: 'Ada' }).result();
 * outputs; // => ['Hello Ada']
 */
export function direct(from: string, to: string): DirectEdge {
  return { kind: 'direct', from, to };
}

/**
 * Messages of `from` for which `when` holds go to `to`. `when` is synchronous and pure; `name`
 * stands for it in the signature of the graph.
 *
 * @example
 * import { conditional, execute, workflow } from 'holdfast/workflow';
 *
 * const isLarge = (order: { total: number }) => order.total > 9;
 * const flow = workflow({
 *   name: 'review',
 *   start: 'intake',
 *   executors: {
 *     intake: (order: { total: number }, context) => context.send(order),
 *     clerk: (order, context) => context.output(order),
 *   },
 *   edges: [conditional('intake', 'clerk', 'isLarge', isLarge)],
 * });
 * const large = await execute(app, flow, { run: 'r1', input: { total: 10 } }).result();
 * large.outputs; // => [{ total: 10 }]
 * const small = await execute(app, flow, { run: 'r2', input: { total: 1 } }).result();
 * small.outputs; // => []
 */
export function conditional(
  from: string,
  to: string,
  name: string,
  when: OfMessage<boolean>,
): ConditionalEdge {
  return { kind: 'conditional', from, to, name, when };
}

/**
 * Each message of `from` goes where its case leads; one of no case goes to `otherwise`, or is
 * dropped, which an event tells. `choose` is synchronous and pure.
 *
 * @example
 * import { execute, switchOn, workflow } from 'holdfast/workflow';
 *
 * const flow = workflow({
 *   name: 'desk',
 *   start: 'intake',
 *   executors: {
 *     intake: (kind: string, context) => context.send(kind),
 *     refunds: (_kind, context) => context.output('refunded'),
 *     person: (_kind, context) => context.output('passed on'),
 *   },
 *   edges: [switchOn('intake', 'kind', (kind: string) => kind, { refund: 'refunds' }, 'person')],
 * });
 * const refund = await execute(app, flow, { run: 'r1', input: 'refund' }).result();
 * refund.outputs; // => ['refunded']
 * const other = await execute(app, flow, { run: 'r2', input: 'riddle' }).result();
 * other.outputs; // => ['passed on']
 */
export function switchOn(
  from: string,
  name: string,
  choose: OfMessage<string>,
  cases: Readonly<Record<string, string>>,
  otherwise?: string,
): SwitchEdge {
  return { kind: 'switch', from, name, choose, cases: { ...cases }, otherwise };
}

/**
 * Each message of `from` goes to all of `to`, or to those that `choose` names. They take it in one
 * step, at once, each on its own view of the state.
 *
 * @example
 * import { execute, fanOut, workflow } from 'holdfast/workflow';
 *
 * const flow = workflow({
 *   name: 'research',
 *   start: 'plan',
 *   executors: {
 *     plan: (topic: string, context) => context.send(topic),
 *     web: (topic: string, context) => context.output(`web: ${topic}`),
 *     books: (topic: string, context) => context.output(`books: ${topic}`),
 *   },
 *   edges: [fanOut('plan', ['web', 'books'])],
 * });
 * const { outputs } = await execute(app, flow, { run: 'r1', input: 'tides' }).result();
 * outputs; // => ['web: tides', 'books: tides']
 */
export function fanOut(
  from: string,
  to: readonly string[],
  choice?: { readonly name: string; readonly choose: OfMessage<readonly string[]> },
): FanOutEdge {
  return { kind: 'fanOut', from, to: [...to], name: choice?.name, choose: choice?.choose };
}

/**
 * `to` gets one message, a list, once each of `from` has sent one; they stand in the order of
 * `from`. What has come waits, through crashes too.
 *
 * @example
 * import { execute, fanIn, fanOut, workflow } from 'holdfast/workflow';
 *
 * const flow = workflow({
 *   name: 'sums',
 *   start: 'split',
 *   executors: {
 *     split: (n: number, context) => context.send(n),
 *     double: (n: number, context) => context.send(2 * n),
 *     square: (n: number, context) => context.send(n * n),
 *     join: (both: number[], context) => context.output(both),
 *   },
 *   edges: [fanOut('split', ['double', 'square']), fanIn(['double', 'square'], 'join')],
 * });
 * const { outputs } = await execute(app, flow, { run: 'r1', input: 5 }).result();
 * outputs; // => [[10, 25]]
 */
export function fanIn(from: readonly string[], to: string): FanInEdge {
  return { kind: 'fanIn', from: [...from], to };
}

export function sourcesOf(edge: Edge): readonly string[] {
  return edge.kind === 'fanIn' ? edge.from : [edge.from];
}

export function targetsOf(edge: Edge): readonly string[] {
  switch (edge.kind) {
    case 'switch': {
      const otherwise = edge.otherwise === undefined ? [] : [edge.otherwise];
      return [...Object.values(edge.cases), ...otherwise];
    }
    case 'fanOut':
      return edge.to;
    default:
      return [edge.to];
  }
}

/** One line that says what the edge does: a part of the signature, and of messages. */
export function shownEdge(edge: Edge): string {
  switch (edge.kind) {
    case 'direct':
      return `${edge.from} -> ${edge.to}`;
    case 'conditional':
      return `${edge.from} -> ${edge.to} when ${edge.name}`;
    case 'switch': {
      const cases = Object.entries(edge.cases).map(([name, to]) => `${name}: ${to}`);
      if (edge.otherwise !== undefined) cases.push(`otherwise: ${edge.otherwise}`);
      return `${edge.from} -> switch ${edge.name} { ${cases.join(', ')} }`;
    }
    case 'fanOut': {
      const choice = edge.name === undefined ? 'all of' : `${edge.name} of`;
      return `${edge.from} -> ${choice} [${edge.to.join(', ')}]`;
    }
    case 'fanIn':
      return `all of [${edge.from.join(', ')}] -> ${edge.to}`;
  }
}
