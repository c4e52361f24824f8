/** The state as the last checkpoint has it, or another one, to be read. Synchronous. */
import { PendingWrites } from './state/pending.ts';
import type { StateSource } from './state/run-state.ts';
import { StateSpace } from './step/view.ts';
import type { StepList } from './step/step-list.ts';

/** Reads of one space. */
export interface ReadableSpace extends Pick<StateSpace, 'get' | 'has' | 'keys'> {
  /**
   * A list, to be read.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * run.state.list('messages').length; // => 0
   */
  list<T = unknown>(name: string): ReadableStepList<T>;
  /** A list of a layer, whose name starts with `$`. @internal */
  reservedList<T = unknown>(name: string): ReadableStepList<T>;
}

export type ReadableStepList<T> = Pick<StepList<T>, 'length' | 'get' | 'range' | 'tail'>;

export class CommittedState {
  readonly #state: StateSource;

  constructor(state: StateSource) {
    this.#state = state;
  }

  get shared(): StateSpace {
    return this.#space(undefined);
  }

  /** What one executor keeps for itself. */
  private(executor: string): StateSpace {
    return this.#space(executor);
  }

  #space(executor: string | undefined): StateSpace {
    const pending = new PendingWrites('', this.#state, 0);
    return new StateSpace({ pending, checkOpen: () => undefined }, executor);
  }
}
