/**
 * A run that this process owns: its state in memory, its steps, its checkpoints.
 *
 * U1. One owner at a time. An owner that was paused and taken over is refused at its next commit
 *     (`fenced`) and changes nothing; holding on costs no commit.
 * U2. The state is that of the last checkpoint, always. A checkpoint exists from step 0.
 * U3. A checkpoint never changes once it is there, and shares nothing with live state.
 */
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { CheckpointWriter, Save, Saved } from './checkpoints/checkpoint-writer.ts';
import { loadState } from './checkpoints/load.ts';
import type { Checkpoint, CheckpointLabels, RunStatus } from './checkpoints/manifest.ts';
import { checkRetention, prune } from './checkpoints/prune.ts';
import { CommittedState } from './committed-state.ts';
import type { ReadableSpace } from './committed-state.ts';
import { checkedLabels, maxBytesOf } from './run-options.ts';
import type { RunOptions } from './run-options.ts';
import { exportedState, importedState } from './state/exported.ts';
import type { ExportedState } from './state/exported.ts';
import { Policies } from './state/policies.ts';
import type { RunState, StateChanges } from './state/run-state.ts';
import { plannedWrites } from './step/app-plan.ts';
import type { StagedBy } from './step/app-plan.ts';
import { Step } from './step/step.ts';
import type { CommitStepOptions, Committed, StepOptions } from './step/step.ts';

export interface CheckpointOptions extends CheckpointLabels {
  /** Left out: as it was. */
  readonly status?: RunStatus | undefined;
}

/** Steps between two prunings of a run that keeps only some checkpoints. */
const stepsPerPruning = 32;
const noChanges: StateChanges = new Map();

export class Run implements AsyncDisposable {
  readonly workflow: string;
  readonly id: string;
  readonly #writer: CheckpointWriter;
  readonly #state: RunState;
  readonly #options: RunOptions;
  readonly #policies: Policies;
  readonly #maxBytes: number;
  readonly #onClose: () => void;
  #step: Step | undefined;
  #sincePruning = 0;
  #closed: Promise<void> | undefined;

  constructor(writer: CheckpointWriter, state: RunState, options: RunOptions, onClose: () => void) {
    this.workflow = writer.home.workflow;
    this.id = writer.home.run;
    this.#writer = writer;
    this.#state = state;
    this.#options = options;
    this.#policies = new Policies(options.policies ?? [], options.reducers ?? {});
    this.#maxBytes = maxBytesOf(options);
    if (options.keep !== undefined) checkRetention(options.keep);
    this.#onClose = onClose;
  }

  /** The last checkpoint: the state is exactly its. */
  get latest(): Checkpoint {
    return this.#writer.latest;
  }

  /** Aborts once it is known that another owns the run, or that it was closed. */
  get signal(): AbortSignal {
    return this.#writer.ownership.signal;
  }

  /** A fencing token: greater than that of every owner before. */
  get epoch(): number {
    return this.#writer.ownership.epoch;
  }

  /** The committed shared state. */
  get state(): ReadableSpace {
    return new CommittedState(this.#state).shared;
  }

  /** Bytes of the state in memory. */
  get stateBytes(): number {
    return this.#state.bytes;
  }

  /**
   * The committed private state of an executor.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').private.set('n', 1);
   * await step.commit();
   * run.private('counter').get('n'); // => 1
   * run.state.has('n'); // => false
   */
  private(executor: string): ReadableSpace {
    return new CommittedState(this.#state).private(executor);
  }

  /**
   * Begins a superstep. One at a time: throws `invalid_argument` while another is open.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step({ executors: ['a', 'b'] });
   * step.view('a').set('x', 1);
   * step.view('b').set('y', 2);
   * await step.commit();
   * run.state.keys(); // => ['x', 'y']
   */
  step(options: StepOptions = {}): Step {
    this.#checkOpen();
    if (this.#step !== undefined) {
      const text = `run '${this.id}' has an open step; commit or discard it first`;
      throw new HoldfastError('invalid_argument', text, { details: { run: this.id } });
    }
    const step: Step = new Step(
      {
        host: this.#writer.home.host,
        start: this.#state,
        policies: this.#policies,
        maxBytes: this.#maxBytes,
        publish: (changes, app, how) => this.#publish(changes, app, how),
        onOver: () => {
          if (this.#step === step || this.#step === undefined) this.#step = undefined;
        },
      },
      options,
    );
    if (step.isOpen) this.#step = step;
    return step;
  }

  /**
   * Saves a checkpoint of the state as it is, beside those that the steps make.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const { id, step, tags } = await run.checkpoint({ tags: ['before the risky part'] });
   * [id, step, tags]; // => [1, 0, ['before the risky part']]
   */
  async checkpoint(options: CheckpointOptions = {}): Promise<Checkpoint> {
    const { checkpoint } = await this.#save(noChanges, options, { step: this.latest.step });
    return checkpoint;
  }

  /**
   * Takes the run back to an earlier checkpoint, as a new checkpoint on top: what lies between
   * stays and can be gone back to. Costs what differs. Throws `not_found`, `invalid_argument` while
   * a step is open.
   *
   * @example
   * await using run = await app.runs('counting').open('r1', { initial: { state: { n: 1 } } });
   * const step = run.step();
   * step.view('counter').set('n', 2);
   * await step.commit();
   * await run.restore(0);
   * run.state.get('n'); // => 1
   */
  restore(checkpoint: number, labels: CheckpointLabels = {}): Promise<Checkpoint> {
    return this.#writer.inTurn(async () => {
      this.#checkOpen();
      if (this.#step !== undefined) {
        throw new HoldfastError('invalid_argument', 'a step is open; commit or discard it first');
      }
      const { home } = this.#writer;
      const target = await home.checkpoint(checkpoint);
      if (target === undefined) throw home.missing(checkpoint);
      const state = await loadState(home, checkpoint, this.#maxBytes);
      const changes = this.#state.differences(state);
      const { step, status, messages, requests, signature } = target;
      const next = { step, status, messages, requests, signature, ...checkedLabels(labels) };
      const saved = await this.#writer.save({ changes, next, parent: checkpoint });
      this.#state.apply(changes);
      return saved.checkpoint;
    });
  }

  /**
   * The committed state as plain data, nothing pending in it.
   *
   * @example
   * await using run = await app.runs('counting').open('r1', { initial: { state: { n: 1 } } });
   * run.exportState(); // => { format: 1, entries: [{ key: 'n', json: 1 }] }
   */
  exportState(): ExportedState {
    return exportedState(this.#state);
  }

  /**
   * Merges exported state into the committed state, as a checkpoint of its own. What an open step
   * has pending stays pending, on top. Throws `invalid_argument` for what is no exported state.
   *
   * @example
   * await using run = await app.runs('counting').open('r1', { initial: { state: { m: 2 } } });
   * await run.importState({ format: 1, entries: [{ key: 'n', json: 1 }] });
   * [run.state.get('m'), run.state.get('n')]; // => [2, 1]
   */
  async importState(exported: ExportedState, labels: CheckpointLabels = {}): Promise<Checkpoint> {
    const changes = importedState(exported, this.#state);
    const { checkpoint } = await this.#save(changes, labels, { step: this.latest.step });
    return checkpoint;
  }

  /**
   * Drops an open step and gives the run up, so that anybody can open it. Costs a commit.
   *
   * @example
   * const run = await app.runs('counting').open('r1');
   * await run.close();
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#step?.discard();
    await this.#writer.inTurn(async () => undefined);
    try {
      await this.#writer.ownership.release();
    } finally {
      this.#onClose();
    }
  }

  async #publish(
    changes: StateChanges,
    app: readonly StagedBy[],
    options: CommitStepOptions,
  ): Promise<Committed> {
    const step = this.latest.step + 1;
    const { checkpoint, position } = await this.#save(changes, options, { step }, app);
    return { checkpoint: checkpoint.id, step, position };
  }

  async #save(
    changes: StateChanges,
    options: CommitStepOptions,
    { step }: { readonly step: number },
    app: readonly StagedBy[] = [],
  ): Promise<Saved> {
    const labels = checkedLabels(options);
    const saved = await this.#writer.inTurn(async () => {
      this.#checkOpen();
      this.#state.checkRoom(changes);
      const { latest } = this.#writer;
      const save: Save = {
        changes,
        next: {
          step,
          status: options.status ?? latest.status,
          messages: options.messages ?? latest.messages,
          requests: options.requests ?? latest.requests,
          signature: this.#options.signature ?? latest.signature,
          ...labels,
        },
        app: app.length === 0 ? undefined : () => plannedWrites(app),
        durability: options.durability,
      };
      const done = await this.#writer.save(save);
      this.#state.apply(changes);
      return done;
    });
    await this.#pruneNowAndThen();
    return saved;
  }

  /** A pruning that fails is made up for by the next. */
  async #pruneNowAndThen(): Promise<void> {
    const { keep } = this.#options;
    this.#sincePruning += 1;
    if (keep === undefined || this.#sincePruning < stepsPerPruning) return;
    this.#sincePruning = 0;
    try {
      await prune(this.#writer.home, keep);
    } catch (error) {
      // The checkpoint is there, and saying that it is not would be worse.
      if (!isHoldfastError(error)) throw error;
    }
  }

  #checkOpen(): void {
    if (this.#closed === undefined) return;
    throw new HoldfastError('closed', `run '${this.id}' of '${this.workflow}' was closed`, {
      details: { run: this.id, workflow: this.workflow },
    });
  }
}
