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

/** Every message of `from` goes to `to`. */
export function direct(from: string, to: string): DirectEdge {
  return { kind: 'direct', from, to };
}

/** Messages of `from` for which `when` holds go to `to`. */
export function conditional(
  from: string,
  to: string,
  name: string,
  when: OfMessage<boolean>,
): ConditionalEdge {
  return { kind: 'conditional', from, to, name, when };
}

/** Each message of `from` goes where its case leads. */
export function switchOn(
  from: string,
  name: string,
  choose: OfMessage<string>,
  cases: Readonly<Record<string, string>>,
  otherwise?: string,
): SwitchEdge {
  return { kind: 'switch', from, name, choose, cases: { ...cases }, otherwise };
}

/** Each message of `from` goes to all of `to`, or to those that `choose` names. */
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
