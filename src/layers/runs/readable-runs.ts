/** Looking into the runs of a workflow. Needs no ownership: it can be done while they go on. */
import { limits } from '../../ledger/index.ts';
import { pagesOf } from '../scopes/index.ts';
import type { ScopeHost } from '../scopes/index.ts';
import { awaitAnswer, readAnswers } from './answers.ts';
import { difference } from './checkpoints/diff.ts';
import type { CheckpointPlace, StateDifference } from './checkpoints/diff.ts';
import { checkpointText } from './checkpoints/file.ts';
import { loadState } from './checkpoints/load.ts';
import type { Checkpoint, RunStatus } from './checkpoints/manifest.ts';
import { RunHome } from './checkpoints/run-home.ts';
import { CommittedState } from './committed-state.ts';
import type { ReadableSpace } from './committed-state.ts';
import { checkWorkflowName, graphRef, indexedRun, indexRange, indexScope } from './keyspace.ts';
import { maxBytesOf } from './run-options.ts';

export interface RunInfo {
  readonly workflow: string;
  readonly run: string;
  readonly status: RunStatus;
  readonly createdAt: number;
  /** When its status changed. */
  readonly updatedAt: number;
}

export interface RunsQuery {
  /** Of run ids. */
  readonly prefix?: string | undefined;
  readonly status?: RunStatus | undefined;
}

export interface CheckpointsQuery {
  /** Left out: all runs of the workflow, in the order of their ids. */
  readonly run?: string | undefined;
  /** Newest first; default oldest first. */
  readonly reverse?: boolean | undefined;
  /** Of each run. */
  readonly limit?: number | undefined;
}

/** A checkpoint with its state, to be read. Nothing done to it reaches the store. */
export interface LoadedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly state: ReadableSpace;
  /**
   * What one executor kept for itself.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').private.set('n', 1);
   * const { checkpoint } = await step.commit();
   * const loaded = await app.runs('counting').load('r1', checkpoint);
   * loaded?.private('counter').get('n'); // => 1
   */
  private(executor: string): ReadableSpace;
}

/** A checkpoint of a run of this workflow. */
export interface CheckpointName {
  readonly run: string;
  readonly checkpoint: number;
}

export class ReadableRuns {
  readonly workflow: string;
  protected readonly host: ScopeHost;

  constructor(host: ScopeHost, workflow: string) {
    checkWorkflowName(workflow);
    this.workflow = workflow;
    this.host = host;
  }

  /**
   * The runs that there are, in the order of their ids.
   *
   * @example
   * await (await app.runs('counting').open('r1')).close();
   * const found = await Array.fromAsync(app.runs('counting').list());
   * found.map(({ run, status }) => [run, status]); // => [['r1', 'running']]
   */
  async *list(query: RunsQuery = {}): AsyncGenerator<RunInfo, void, undefined> {
    const { ledger } = this.host;
    const range = {
      scope: indexScope(this.workflow),
      prefix: indexRange(query.prefix ?? ''),
      limit: 500,
    };
    for await (const page of pagesOf((one) => ledger.scan(one), range, {})) {
      for (const { key, value, createdAt, updatedAt } of page) {
        const { status } = value.decode() as { status: RunStatus };
        if (query.status !== undefined && query.status !== status) continue;
        yield { workflow: this.workflow, run: indexedRun(key), status, createdAt, updatedAt };
      }
    }
  }

  /**
   * Checkpoints without their state, of one run or of all.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * await run.checkpoint({ tags: ['mine'] });
   * const found = await Array.fromAsync(app.runs('counting').checkpoints({ run: 'r1' }));
   * found.map(({ id, parent }) => [id, parent]); // => [[0, undefined], [1, 0]]
   */
  async *checkpoints(query: CheckpointsQuery = {}): AsyncGenerator<Checkpoint, void, undefined> {
    const { run, reverse, limit } = query;
    if (run === undefined) {
      for await (const one of this.list()) yield* this.checkpoints({ ...query, run: one.run });
      return;
    }
    const home = this.home(run);
    for await (const entry of home.manifests(reverse, limit)) yield home.checkpointOf(entry);
  }

  /**
   * The last checkpoint of a run, or undefined. One entry is read, however many there are.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * (await app.runs('counting').latest('r1'))?.id; // => 0
   */
  latest(run: string): Promise<Checkpoint | undefined> {
    return this.home(run).latest();
  }

  /**
   * A checkpoint with its state, or undefined.
   *
   * @example
   * await using run = await app.runs('counting').open('r1', { initial: { state: { n: 1 } } });
   * const loaded = await app.runs('counting').load('r1', 0);
   * loaded?.state.get('n'); // => 1
   */
  async load(
    run: string,
    checkpoint: number,
    options: { readonly maxStateBytes?: number | undefined } = {},
  ): Promise<LoadedCheckpoint | undefined> {
    const home = this.home(run);
    const found = await home.checkpoint(checkpoint);
    if (found === undefined) return undefined;
    const committed = new CommittedState(await loadState(home, checkpoint, maxBytesOf(options)));
    return {
      checkpoint: found,
      state: committed.shared,
      private: (executor) => committed.private(executor),
    };
  }

  /**
   * What differs between two checkpoints, of one run or of two. Costs what differs, and the heads
   * of rows. Throws `not_found`.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * await run.importState({ format: 1, entries: [{ key: 'n', json: 1 }] });
   * const runs = app.runs('counting');
   * const found = await runs.diff({ run: 'r1', checkpoint: 0 }, { run: 'r1', checkpoint: 1 });
   * found; // => [{ executor: undefined, key: 'n', after: 1 }]
   */
  async diff(from: CheckpointName, to: CheckpointName): Promise<readonly StateDifference[]> {
    const [a, b] = await Promise.all([this.#existing(from), this.#existing(to)]);
    return difference(a, b);
  }

  /**
   * A checkpoint and its state as one text, to be kept or moved. Throws `not_found`.
   *
   * @example
   * await using run = await app.runs('counting').open('r1', { initial: { state: { n: 1 } } });
   * const text = await app.runs('counting').export('r1', 0);
   * await app.runs('elsewhere').import(text, 'r9');
   * (await app.runs('elsewhere').load('r9', 0))?.state.get('n'); // => 1
   */
  async export(run: string, checkpoint: number): Promise<string> {
    const { home } = await this.#existing({ run, checkpoint });
    const found = await home.checkpoint(checkpoint);
    if (found === undefined) throw home.missing(checkpoint);
    return checkpointText(found, await loadState(home, checkpoint, limits.proposalBytes));
  }

  /**
   * The answers that were given to a run's pending requests, by request. For runners.
   *
   * @example
   * const requests = [{ id: 'q1', executor: 'desk', payload: 'Go on?' }];
   * await using run = await app.runs('asking').open('r1', { initial: { requests } });
   * await app.runs('asking').answer('r1', 'q1', 'yes');
   * (await app.runs('asking').answers('r1', ['q1'])).get('q1'); // => 'yes'
   */
  answers(run: string, requests: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    return readAnswers(this.home(run), requests);
  }

  /**
   * Resolves when there is an answer to one of these requests. Throws `aborted`. For runners.
   *
   * @example
   * const requests = [{ id: 'q1', executor: 'desk', payload: 'Go on?' }];
   * await using run = await app.runs('asking').open('r1', { initial: { requests } });
   * await app.runs('asking').answer('r1', 'q1', 'yes');
   * await app.runs('asking').answered('r1', ['q1'], AbortSignal.timeout(1000));
   */
  answered(run: string, requests: readonly string[], signal: AbortSignal): Promise<void> {
    return awaitAnswer(this.home(run), requests, signal);
  }

  /**
   * What a graph was that ran under this signature, or undefined. For runners.
   *
   * @example
   * await app.runs('counting').keepGraph('g1', { start: 'a' });
   * await app.runs('counting').keptGraph('g1'); // => { start: 'a' }
   */
  async keptGraph(signature: string): Promise<unknown> {
    const [entry] = await this.host.ledger.read([graphRef(this.workflow, signature)]);
    return entry?.value.decode();
  }

  /**
   * Keeps what a graph is, once. For runners.
   *
   * @example
   * await app.runs('counting').keepGraph('g1', { start: 'a' });
   */
  async keepGraph(signature: string, description: object): Promise<void> {
    if ((await this.keptGraph(signature)) !== undefined) return;
    const ref = graphRef(this.workflow, signature);
    await this.host.apply({ mutations: [{ kind: 'set', ...ref, value: description }] });
  }

  protected home(run: string): RunHome {
    return new RunHome(this.host, this.workflow, run);
  }

  async #existing({ run, checkpoint }: CheckpointName): Promise<CheckpointPlace> {
    const home = this.home(run);
    if ((await home.checkpoint(checkpoint)) === undefined) throw home.missing(checkpoint);
    return { home, number: checkpoint };
  }
}
