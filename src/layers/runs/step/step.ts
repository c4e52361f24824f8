/**
 * One superstep: executors read the same beginning, write apart, and become visible together.
 *
 * S1. Each executor sees the state that the step began with and its own writes, never another's.
 * S2. `commit` publishes all of it in one go, or nothing. `discard`, a throw in `execute` and an
 *     abort drop all of it, the writes of executors that had succeeded included.
 * S3. A commit that failed for a passing reason (`busy`, `unavailable`, `disk_full`) leaves the
 *     step open: commit again, or discard.
 */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { Position } from '../../../ledger/index.ts';
import type { ScopeHost } from '../../scopes/index.ts';
import type { CheckpointLabels, PendingRequest, RunStatus } from '../checkpoints/manifest.ts';
import { mergedChanges } from '../state/merge.ts';
import { PendingWrites } from '../state/pending.ts';
import { checkExecutor } from '../state/place.ts';
import type { Policies } from '../state/policies.ts';
import type { StateChanges, StateSource } from '../state/run-state.ts';
import { AppWrites } from './app-writes.ts';
import type { StagedBy } from './app-plan.ts';
import { stepOver, StepView } from './view.ts';

export interface StepOptions {
  /** Their order decides where order matters. Left out: the order in which views are asked for. */
  readonly executors?: readonly string[] | undefined;
  /** Aborting it drops the step. */
  readonly signal?: AbortSignal | undefined;
}

export interface CommitStepOptions extends CheckpointLabels {
  /** Left out: as they were before the step. */
  readonly status?: RunStatus | undefined;
  readonly messages?: readonly unknown[] | undefined;
  readonly requests?: readonly PendingRequest[] | undefined;
  readonly durability?: 'sync' | 'relaxed' | undefined;
}

export interface Committed {
  /** The checkpoint that the step became. */
  readonly checkpoint: number;
  readonly step: number;
  /** Where in the log: what a watch can go on from. */
  readonly position: Position;
}

export interface StepParts {
  readonly host: ScopeHost;
  readonly start: StateSource;
  readonly policies: Policies;
  readonly maxBytes: number;
  publish(
    changes: StateChanges,
    app: readonly StagedBy[],
    options: CommitStepOptions,
  ): Promise<Committed>;
  /** Called once, when the step is over. */
  onOver(): void;
}

interface Participant {
  readonly view: StepView;
  readonly pending: PendingWrites;
  readonly app: AppWrites;
  /** Ends the view, so that an attempt that was given up writes nothing more. */
  close(): void;
}

export class Step {
  readonly #parts: StepParts;
  readonly #order: string[];
  readonly #isDeclared: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #participants = new Map<string, Participant>();
  #state: 'open' | 'committing' | 'over' = 'open';

  constructor(parts: StepParts, options: StepOptions) {
    const { executors = [], signal } = options;
    for (const executor of executors) checkExecutor(executor);
    this.#parts = parts;
    this.#order = [...new Set(executors)];
    this.#isDeclared = options.executors !== undefined;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#end();
  }

  /** Whether it still takes writes. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /**
   * The view of an executor; the same one each time. Throws `invalid_argument` for one that the
   * step did not declare, `closed` once it is over.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step({ executors: ['a', 'b'] });
   * step.view('a').set('n', 1);
   * step.view('b').get('n', 0); // => 0
   */
  view(executor: string): StepView {
    this.#checkOpen();
    return this.#participant(executor).view;
  }

  /**
   * Runs one executor. If it throws, the whole step is dropped and the error passed on.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * await step.execute('counter', (view) => view.set('n', view.get('n', 0) + 1));
   * await step.commit();
   * run.state.get('n'); // => 1
   */
  async execute<T>(executor: string, work: (view: StepView) => Promise<T> | T): Promise<T> {
    const view = this.view(executor);
    try {
      return await work(view);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /**
   * Drops what one executor wrote and gives it a new view, for another attempt. The old view is
   * over.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').set('n', 1);
   * step.restart('counter').get('n', 0); // => 0
   */
  restart(executor: string): StepView {
    this.#checkOpen();
    this.#participants.get(executor)?.close();
    this.#participants.delete(executor);
    return this.#participant(executor).view;
  }

  /**
   * Publishes the step as one commit and one checkpoint. Throws `step_conflict` (names the key and
   * the executors), `contended` if something expected of the app no longer holds, `fenced` if
   * another process took the run over; with these the step is dropped.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').set('n', 1);
   * const { checkpoint } = await step.commit();
   * checkpoint; // => 1
   */
  async commit(options: CommitStepOptions = {}): Promise<Committed> {
    this.#checkOpen();
    this.#state = 'committing';
    const participants = this.#inOrder();
    const pendings = participants.map(({ pending }) => pending);
    const app = participants.map(({ pending, app }) => ({
      executor: pending.executor,
      writes: app,
    }));
    try {
      const changes = mergedChanges(this.#parts.start, pendings, this.#parts.policies);
      const committed = await this.#parts.publish(changes, app, options);
      this.#end();
      return committed;
    } catch (error) {
      const mayPass = isHoldfastError(error) && error.retryable && error.code !== 'contended';
      if (mayPass && error.outcome === 'not-applied') this.#reopen();
      else this.#end();
      throw error;
    }
  }

  /**
   * Drops the step: nothing of it was ever there.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').set('n', 1);
   * step.discard();
   * run.state.has('n'); // => false
   */
  discard(): void {
    if (this.#state === 'open') this.#end();
  }

  #participant(executor: string): Participant {
    let participant = this.#participants.get(executor);
    if (participant === undefined) {
      participant = this.#join(executor);
      this.#participants.set(executor, participant);
    }
    return participant;
  }

  #join(executor: string): Participant {
    checkExecutor(executor);
    if (!this.#order.includes(executor)) {
      if (this.#isDeclared) {
        const text = `the step has no executor '${executor}'; it has ${this.#order.join(', ')}`;
        throw new HoldfastError('invalid_argument', text, { details: { executor } });
      }
      this.#order.push(executor);
    }
    let isClosed = false;
    const checkOpen = () => {
      if (isClosed) throw stepOver();
      this.#checkOpen();
    };
    const { host, start, maxBytes } = this.#parts;
    const pending = new PendingWrites(executor, start, maxBytes);
    const app = new AppWrites(host, checkOpen);
    const view = new StepView({ pending, checkOpen }, app);
    return { view, pending, app, close: () => (isClosed = true) };
  }

  #inOrder(): Participant[] {
    return this.#order.flatMap((executor) => this.#participants.get(executor) ?? []);
  }

  #checkOpen(): void {
    if (this.#state === 'open') return;
    if (this.#signal?.aborted !== true) throw stepOver();
    throw new HoldfastError('aborted', 'the step was aborted; nothing of it was written');
  }

  #reopen(): void {
    if (this.#signal?.aborted === true) this.#end();
    else this.#state = 'open';
  }

  #end(): void {
    this.#state = 'over';
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#parts.onOver();
  }

  /** A commit that is under way is not called back: it may have been applied. */
  #onAbort = (): void => this.discard();
}
