/**
 * Messages on their way: from what executors sent to who receives what in the next step.
 *
 * Pure and in a fixed order (that of executors, then of sending, then of edges), so that a step
 * that is repeated after a crash delivers the same.
 */
import { HoldfastError } from '../../errors/index.ts';
import { shownEdge, sourcesOf, targetsOf } from './edges.ts';
import type { Edge, FanInEdge } from './edges.ts';
import type { Workflow } from './workflow.ts';

/** A message that nobody has received yet, as a checkpoint keeps it. */
export interface Envelope {
  readonly to: string;
  /** Left out: the input, or an answer. */
  readonly from?: string;
  readonly value: unknown;
  /** The fan-in edge in which it waits for the others. */
  readonly joins?: string;
  /** The request that it answers. */
  readonly answers?: { readonly id: string; readonly payload: unknown };
}

export interface Sent {
  readonly from: string;
  readonly value: unknown;
  /** Left out: wherever the edges lead. */
  readonly to?: string | undefined;
}

export interface Routed {
  readonly envelopes: readonly Envelope[];
  /** What no edge took. */
  readonly dropped: readonly Sent[];
}

/** Throws `invalid_argument` for an address that no edge leads to, and what a condition throws. */
export function routed({ edges }: Workflow, messages: readonly Sent[]): Routed {
  const envelopes: Envelope[] = [];
  const dropped: Sent[] = [];
  for (const sent of messages) {
    const own = edges.filter((edge) => sourcesOf(edge).includes(sent.from));
    const taken = sent.to === undefined ? byEdges(own, sent) : byAddress(own, sent, sent.to);
    if (taken.length === 0) dropped.push(sent);
    envelopes.push(...taken);
  }
  return { envelopes, dropped };
}

function byAddress(own: readonly Edge[], { from, value }: Sent, to: string): Envelope[] {
  const edge = own.find((one) => targetsOf(one).includes(to));
  if (edge !== undefined) return [envelope(edge, from, to, value)];
  const text = `'${from}' sent a message to '${to}', where no edge of it leads`;
  throw new HoldfastError('invalid_argument', text, { details: { from, to } });
}

function byEdges(own: readonly Edge[], { from, value }: Sent): Envelope[] {
  return own.flatMap((edge) => {
    return chosen(edge, value).map((to) => envelope(edge, from, to, value));
  });
}

function envelope(edge: Edge, from: string, to: string, value: unknown): Envelope {
  const joins = edge.kind === 'fanIn' ? { joins: shownEdge(edge) } : {};
  return { to, from, value, ...joins };
}

function chosen(edge: Edge, value: unknown): readonly string[] {
  switch (edge.kind) {
    case 'conditional':
      return edge.when(structuredClone(value)) ? [edge.to] : [];
    case 'switch': {
      const found = edge.choose(structuredClone(value));
      if (Object.hasOwn(edge.cases, found)) return [edge.cases[found] ?? ''];
      return edge.otherwise === undefined ? [] : [edge.otherwise];
    }
    case 'fanOut': {
      const names = edge.choose?.(structuredClone(value)) ?? edge.to;
      const stranger = names.find((name) => !edge.to.includes(name));
      if (stranger === undefined) return edge.to.filter((name) => names.includes(name));
      const text = `'${stranger}' is none of those that '${shownEdge(edge)}' leads to`;
      throw new HoldfastError('invalid_argument', text, { details: { chosen: [...names] } });
    }
    default:
      return [edge.to];
  }
}

export interface Deliveries {
  /** Per executor, in the order of executors; none is empty. */
  readonly inboxes: ReadonlyMap<string, readonly Envelope[]>;
  /** What waits in a fan-in for the others. */
  readonly waiting: readonly Envelope[];
}

export function deliveries({ executors, edges }: Workflow, all: readonly Envelope[]): Deliveries {
  const ready = all.filter(({ joins }) => joins === undefined);
  let waiting = all.filter(({ joins }) => joins !== undefined);
  for (const edge of edges) {
    if (edge.kind !== 'fanIn') continue;
    for (let join = joined(edge, waiting); join !== undefined; join = joined(edge, waiting)) {
      const { taken, envelope: one } = join;
      waiting = waiting.filter((other) => !taken.includes(other));
      ready.push(one);
    }
  }
  const inboxes = new Map<string, readonly Envelope[]>();
  for (const name of executors.keys()) {
    const inbox = ready.filter(({ to }) => to === name);
    if (inbox.length > 0) inboxes.set(name, inbox);
  }
  return { inboxes, waiting };
}

/** The oldest message of each source, if each has sent one. */
function joined(
  edge: FanInEdge,
  waiting: readonly Envelope[],
): { readonly taken: readonly Envelope[]; readonly envelope: Envelope } | undefined {
  const name = shownEdge(edge);
  const taken: Envelope[] = [];
  for (const source of edge.from) {
    const first = waiting.find(({ joins, from }) => joins === name && from === source);
    if (first === undefined) return undefined;
    taken.push(first);
  }
  return { taken, envelope: { to: edge.to, value: taken.map(({ value }) => value) } };
}
