/** What a handler gets besides its message: state, and ways to speak to others. */
import { HoldfastError } from '../../errors/index.ts';
import { StoredValue } from '../../ledger/index.ts';
import type { AppWrites, PendingRequest, StateSpace, StepView } from '../../layers/runs/index.ts';
import type { Sent } from '../graph/routing.ts';

export const outputsList = '$outputs';

export interface ContextParts {
  readonly view: StepView;
  readonly run: string;
  readonly step: number;
  readonly attempt: number;
  readonly signal: AbortSignal;
  newRequestId(): string;
  emit(data: unknown): void;
}

/** What a turn did beside the state. Taken over only if the turn succeeds. */
export class TurnEffects {
  readonly executor: string;
  readonly sent: Sent[] = [];
  readonly requests: PendingRequest[] = [];
  readonly outputs: unknown[] = [];

  constructor(executor: string) {
    this.executor = executor;
  }
}

export class ExecutorContext {
  readonly executor: string;
  readonly run: string;
  readonly step: number;
  /** 1 for the first try of this turn. */
  readonly attempt: number;
  /** Aborts when the turn is given up: its time ran out, or the workflow stops. */
  readonly signal: AbortSignal;
  /** Shared state: as the step began, with this turn's own writes. */
  readonly state: StateSpace;
  /** What only this executor sees. */
  readonly private: StateSpace;
  /** Writes to the app that are committed with the step. */
  readonly app: AppWrites;
  readonly #parts: ContextParts;
  readonly #effects: TurnEffects;

  constructor(parts: ContextParts, effects: TurnEffects) {
    const { view } = parts;
    this.executor = view.executor;
    this.run = parts.run;
    this.step = parts.step;
    this.attempt = parts.attempt;
    this.signal = parts.signal;
    this.state = view;
    this.private = view.private;
    this.app = view.app;
    this.#parts = parts;
    this.#effects = effects;
  }

  /**
   * Sends a message, to be received in the next step: along the edges, or to one executor that an
   * edge leads to. A copy of it is sent, as it is now; one that no edge takes is dropped, which an
   * event tells. Throws `invalid_value` for what is no JSON, `aborted` once the turn was given up.
   *
   * @example
   * import { execute, fanOut, workflow } from 'holdfast/workflow';
   *
   * const flow = workflow({
   *   name: 'hand-over',
   *   start: 'desk',
   *   executors: {
   *     desk: (text, context) => context.send(text, { to: 'bob' }),
   *     ann: (text, context) => context.output(`Ann: ${text}`),
   *     bob: (text, context) => context.output(`Bob: ${text}`),
   *   },
   *   edges: [fanOut('desk', ['ann', 'bob'])],
   * });
   * const { outputs } = await execute(app, flow, { run: 'r1', input: 'hi' }).result();
   * outputs; // => ['Bob: hi']
   */
  send(message: unknown, options: { readonly to?: string | undefined } = {}): void {
    this.#checkOpen();
    const { executor: from } = this;
    this.#effects.sent.push({ from, value: copied(message), to: options.to });
  }

  /**
   * Asks the outside. The workflow goes on with what else there is, then waits, through restarts;
   * the answer comes to this executor. Returns the request's id. Throws `invalid_value` for what is
   * no JSON, `aborted` once the turn was given up.
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
   * const { status, requests } = await execute(app, flow, { run: 'r1', input: 'Why?' }).result();
   * status; // => 'waiting'
   * requests.map(({ payload }) => payload); // => ['Why?']
   */
  request(payload: unknown): string {
    this.#checkOpen();
    const id = this.#parts.newRequestId();
    this.#effects.requests.push({ id, executor: this.executor, payload: copied(payload) });
    return id;
  }

  /**
   * Adds to what the workflow gives out in the end, and tells it in an event once the step is
   * durable. Throws `invalid_value` for what is no JSON.
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
   * const { outputs } = await execute(app, flow, { run: 'r1', input: 'Ada' }).result();
   * outputs; // => ['Hello Ada']
   */
  output(value: unknown): void {
    this.#parts.view.reservedList(outputsList).append(value);
    this.#effects.outputs.push(copied(value));
  }

  /**
   * Tells whoever follows the events of this execution, now, whatever becomes of the step. Kept
   * nowhere: a turn that is tried again tells it again.
   *
   * @example
   * import { execute, workflow } from 'holdfast/workflow';
   *
   * const flow = workflow({
   *   name: 'talking',
   *   start: 'writer',
   *   executors: { writer: (_message, context) => context.emit({ token: 'Hel' }) },
   *   edges: [],
   * });
   * const told: unknown[] = [];
   * for await (const event of execute(app, flow, { run: 'r1' })) {
   *   if (event.type === 'progress') told.push(event.data);
   * }
   * told; // => [{ token: 'Hel' }]
   */
  emit(data: unknown): void {
    this.#parts.emit(data);
  }

  #checkOpen(): void {
    if (!this.signal.aborted) return;
    throw new HoldfastError('aborted', `the turn of '${this.executor}' was given up`);
  }
}

function copied(value: unknown): unknown {
  const stored = StoredValue.of(value);
  if (!stored.isBytes) return stored.decode();
  throw new HoldfastError('invalid_value', 'messages are JSON; put bytes into the state');
}
