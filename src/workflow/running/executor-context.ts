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
   * edge leads to. Throws `invalid_value` for what is no JSON.
   */
  send(message: unknown, options: { readonly to?: string | undefined } = {}): void {
    this.#checkOpen();
    const { executor: from } = this;
    this.#effects.sent.push({ from, value: copied(message), to: options.to });
  }

  /**
   * Asks the outside. The workflow goes on with what else there is, then waits, through restarts;
   * the answer comes to this executor. Returns the request's id.
   */
  request(payload: unknown): string {
    this.#checkOpen();
    const id = this.#parts.newRequestId();
    this.#effects.requests.push({ id, executor: this.executor, payload: copied(payload) });
    return id;
  }

  /** Adds to what the workflow gives out in the end. */
  output(value: unknown): void {
    this.#parts.view.reservedList(outputsList).append(value);
    this.#effects.outputs.push(copied(value));
  }

  /** Tells whoever follows the events, now, whatever becomes of the step. */
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
