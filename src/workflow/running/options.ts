/** How a workflow is executed, and what comes of it. */
import type { PendingRequest, Retention, RunStatus } from '../../layers/runs/index.ts';

export interface ExecuteOptions {
  /** The run's id. The same call begins it, or goes on where it was. */
  readonly run: string;
  /** What the start executor gets when the run begins; of no meaning for a run that is there. */
  readonly input?: unknown;
  /** Shared state that the run begins with. */
  readonly state?: Readonly<Record<string, unknown>> | undefined;
  /** Goes back to this checkpoint first. Left out: goes on from the last one. */
  readonly checkpoint?: number | undefined;
  /** Of this execution; beyond, it throws `limit_exceeded` and can be resumed. Default 100. */
  readonly maxSteps?: number | undefined;
  /** Whether to stay and wait for answers, rather than end with `waiting`. Default false. */
  readonly wait?: boolean | undefined;
  /** Goes on although the graph is another than the run's. Default false: `graph_mismatch`. */
  readonly acceptGraph?: boolean | undefined;
  /** How long to wait for another owner of the run, one that was killed say. Default 0: `held`. */
  readonly waitMs?: number | undefined;
  /** Stops the execution, not the run: it can be resumed. */
  readonly signal?: AbortSignal | undefined;
  /** Which checkpoints are kept as it goes on. Default: all. */
  readonly keep?: Retention | undefined;
  readonly maxStateBytes?: number | undefined;
}

export interface ExecutionResult {
  /** `running`: it was stopped, and can be resumed. */
  readonly status: RunStatus;
  /** All outputs of the run so far, those of earlier executions included. */
  readonly outputs: readonly unknown[];
  readonly checkpoint: number;
  readonly step: number;
  /** What it waits for. */
  readonly requests: readonly PendingRequest[];
}
