/** What a run is opened with. */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { CheckpointLabels, PendingRequest, RunStatus } from './checkpoints/manifest.ts';
import type { Retention } from './checkpoints/prune.ts';
import type { PolicyRule, Reducer } from './state/policies.ts';

export interface RunOptions {
  /** What happens when several executors of one step write a key. Default: a conflict. */
  readonly policies?: readonly PolicyRule[] | undefined;
  /** By the names that policies call them. */
  readonly reducers?: Readonly<Record<string, Reducer>> | undefined;
  /** Bytes of the state, all of which is in memory. Default 64 MiB. */
  readonly maxStateBytes?: number | undefined;
  /** Which checkpoints are kept while the run goes on. Default: all. */
  readonly keep?: Retention | undefined;
  /** Of the graph that goes on from here; kept with each checkpoint. */
  readonly signature?: string | undefined;
}

export interface OpenRunOptions extends RunOptions {
  /** How long to wait for an owner that lives, or seems to. Default 0: `held` at once. */
  readonly waitMs?: number | undefined;
  /** Throws `not_found` instead of beginning the run. Default false. */
  readonly mustExist?: boolean | undefined;
  /** How a run begins that is not there yet. */
  readonly initial?: InitialRun | undefined;
}

export interface InitialRun extends CheckpointLabels {
  /** Shared keys and their values. */
  readonly state?: Readonly<Record<string, unknown>> | undefined;
  readonly messages?: readonly unknown[] | undefined;
  readonly requests?: readonly PendingRequest[] | undefined;
  /** Default 'running', at step 0. */
  readonly status?: RunStatus | undefined;
  readonly step?: number | undefined;
}

const stateBytesDefault = 64 * 1024 * 1024;

export function maxBytesOf({ maxStateBytes = stateBytesDefault }: RunOptions): number {
  if (Number.isSafeInteger(maxStateBytes) && maxStateBytes > 0) return maxStateBytes;
  const text = `maxStateBytes must be a positive whole number, not ${maxStateBytes}`;
  throw new HoldfastError('invalid_argument', text, { details: { maxStateBytes } });
}

/** A checkpoint's labels, detached and judged. */
export function checkedLabels({ tags = [], metadata = {} }: CheckpointLabels): {
  tags: readonly string[];
  metadata: Readonly<Record<string, unknown>>;
} {
  const isText = (tag: unknown) => typeof tag === 'string' && tag !== '';
  if (tags.length <= limits.checkpointTags && tags.every(isText)) {
    return { tags: [...new Set(tags)], metadata };
  }
  const text = `a checkpoint has up to ${limits.checkpointTags} tags, each a text that is not empty`;
  throw new HoldfastError('invalid_argument', text, { details: { tags: [...tags] } });
}
