/**
 * The runs of one workflow: beginning, opening, looking into, forking, pruning, removing them.
 *
 * Only `open` and `delete` need to own a run; the rest can be done by anybody while it goes on.
 */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { Membership, Ownership } from '../../ledger/index.ts';
import type { ScopeHost } from '../scopes/index.ts';
import { giveAnswer } from './answers.ts';
import type { AnswerOutcome } from './answers.ts';
import { beginRun } from './checkpoints/begin.ts';
import { CheckpointWriter } from './checkpoints/checkpoint-writer.ts';
import { checkpointFile } from './checkpoints/file.ts';
import { fork } from './checkpoints/fork.ts';
import type { Checkpoint, CheckpointLabels } from './checkpoints/manifest.ts';
import { dropCheckpoints, prune } from './checkpoints/prune.ts';
import type { Pruned, Retention } from './checkpoints/prune.ts';
import type { RunHome } from './checkpoints/run-home.ts';
import { deleteRun } from './delete-run.ts';
import { checkpointNumber, runResource } from './keyspace.ts';
import { ReadableRuns } from './readable-runs.ts';
import type { CheckpointName } from './readable-runs.ts';
import { Run } from './run.ts';
import { checkedLabels, maxBytesOf } from './run-options.ts';
import type { OpenRunOptions } from './run-options.ts';
import { importedState } from './state/exported.ts';
import { RunState } from './state/run-state.ts';
import type { StateChanges } from './state/run-state.ts';

/** Between two looks at whether the owner of a run is gone. */
const claimPauseMs = 50;

/** What the handles of one app share. */
export interface RunsParts {
  readonly host: ScopeHost;
  readonly membership: () => Membership;
  /** The resources that have a handle in this process. */
  readonly open: Set<string>;
}

export class Runs extends ReadableRuns {
  readonly #parts: RunsParts;

  constructor(parts: RunsParts, workflow: string) {
    super(parts.host, workflow);
    this.#parts = parts;
  }

  /**
   * Takes a run over where its last checkpoint stands, or begins it with a checkpoint of step 0.
   * Throws `held` while another owner lives, `not_found` with `mustExist`.
   *
   * @example
   * await using run = await app.runs('counting').open('r1', { initial: { state: { n: 1 } } });
   * const step = run.step();
   * step.view('counter').update('n', [{ op: 'increment' }]);
   * await step.commit();
   * run.state.get('n'); // => 2
   */
  async open(run: string, options: OpenRunOptions = {}): Promise<Run> {
    return this.#open(run, options);
  }

  /**
   * A new run that begins where a checkpoint stands. Copies nothing; the checkpoint is kept for as
   * long as the fork is. Throws `not_found`, `invalid_argument` if there is a run of that name.
   *
   * @example
   * await using run = await app.runs('counting').open('r1', { initial: { state: { n: 1 } } });
   * await app.runs('counting').fork({ run: 'r1', checkpoint: 0 }, 'r2');
   * await using other = await app.runs('counting').open('r2');
   * other.state.get('n'); // => 1
   */
  fork(from: CheckpointName, run: string, labels: CheckpointLabels = {}): Promise<Checkpoint> {
    const nonce = this.host.random.hex(8);
    const [home, target] = [this.home(from.run), this.home(run)];
    return fork(home, from.checkpoint, target, checkedLabels(labels), nonce);
  }

  /**
   * Drops the checkpoints that no rule keeps, and the rows that nobody needs any more. Never the
   * last one, never one that a fork stands on. What stays is not changed by it.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * for (let n = 0; n < 5; n += 1) await run.checkpoint();
   * const { checkpoints } = await app.runs('counting').prune('r1', { last: 2 });
   * checkpoints; // => 4
   */
  prune(run: string, keep: Retention): Promise<Pruned> {
    return prune(this.home(run), keep);
  }

  /**
   * Drops one checkpoint. Tells whether it went: a run's last one stays (delete the run), and so
   * does one that a fork stands on.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * await run.checkpoint();
   * await app.runs('counting').deleteCheckpoint('r1', 0); // => true
   * await app.runs('counting').deleteCheckpoint('r1', 1); // => false
   */
  async deleteCheckpoint(run: string, checkpoint: number): Promise<boolean> {
    const wanted = (key: string) => checkpointNumber(key) === checkpoint;
    const dropped = await dropCheckpoints(this.home(run), ({ key }) => wanted(key));
    return dropped.checkpoints > 0;
  }

  /**
   * Removes a run and all that it kept; tells whether there was one. Throws `held` while an owner
   * lives, `in_use` while a fork stands on it. If it fails halfway, call it again.
   *
   * @example
   * await (await app.runs('counting').open('r1')).close();
   * await app.runs('counting').delete('r1'); // => true
   * await app.runs('counting').latest('r1'); // => undefined
   */
  async delete(run: string): Promise<boolean> {
    const home = this.home(run);
    const leave = this.#enter(home);
    try {
      const ownership = await this.#claim(home);
      try {
        return await deleteRun(home, ownership);
      } finally {
        await ownership.release();
      }
    } finally {
      leave();
    }
  }

  /**
   * Begins a run with what `export` wrote. Throws `invalid_argument` for anything else, or if there
   * is a run of that name.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * await app.runs('counting').import(await app.runs('counting').export('r1', 0), 'r2');
   */
  async import(text: string, run: string): Promise<Checkpoint> {
    const { checkpoint, state } = checkpointFile(text);
    const { step, status, messages, requests, tags, metadata, signature } = checkpoint;
    const changes = importedState(state, new RunState(limits.proposalBytes));
    if ((await this.latest(run)) !== undefined) {
      const message = `there is a run '${run}' of '${this.workflow}' already`;
      throw new HoldfastError('invalid_argument', message, { details: { run } });
    }
    const initial = { step, status, messages, requests, tags, metadata };
    await using begun = await this.#open(run, { initial, signature }, changes);
    return begun.latest;
  }

  /**
   * Answers a request that a run waits for. At most one answer is taken, whoever gives it, and
   * nobody needs to run the workflow just now. Throws `invalid_value`.
   *
   * @example
   * const requests = [{ id: 'q1', executor: 'desk', payload: 'Go on?' }];
   * await using run = await app.runs('asking').open('r1', { initial: { requests } });
   * await app.runs('asking').answer('r1', 'q1', 'yes'); // => 'accepted'
   * await app.runs('asking').answer('r1', 'q1', 'no'); // => 'answered'
   */
  answer(run: string, request: string, value: unknown): Promise<AnswerOutcome> {
    return giveAnswer(this.home(run), request, value);
  }

  /** Time and chance of the app. For layers that run workflows. */
  get parts(): Pick<ScopeHost, 'clock' | 'random'> {
    return this.host;
  }

  async #open(run: string, options: OpenRunOptions, changes?: StateChanges): Promise<Run> {
    const maxBytes = maxBytesOf(options);
    const home = this.home(run);
    const leave = this.#enter(home);
    try {
      const ownership = await this.#claim(home, options.waitMs);
      try {
        const begun = await beginRun(home, ownership, { ...options, maxBytes, changes });
        const writer = new CheckpointWriter(home, ownership, begun.latest);
        return new Run(writer, begun.state, options, leave);
      } catch (error) {
        await ownership.release().catch(() => undefined);
        throw error;
      }
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Until the answer is called no other handle of the run is opened in this process. */
  #enter(home: RunHome): () => void {
    const { open } = this.#parts;
    const resource = runResource(home.workflow, home.run);
    if (open.has(resource)) throw held(home, 'this process');
    open.add(resource);
    return () => open.delete(resource);
  }

  async #claim(home: RunHome, waitMs = 0): Promise<Ownership> {
    const { clock } = this.host;
    const resource = runResource(home.workflow, home.run);
    const until = clock.monotonic() + waitMs;
    for (;;) {
      const claimed = await this.#parts.membership().claim(resource);
      if (claimed.kind === 'owned') return claimed;
      const left = until - clock.monotonic();
      if (!(left > 0)) throw held(home, `process ${claimed.heldBy}`);
      await clock.sleep(Math.min(left, claimPauseMs));
    }
  }
}

function held({ workflow, run }: RunHome, by: string): HoldfastError {
  const text = `run '${run}' of '${workflow}' is open in ${by}, which lives`;
  return new HoldfastError('held', text, { details: { workflow, run, by } });
}
