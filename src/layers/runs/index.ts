/** Runs: superstep state, checkpoints, forks, and one owner at a time. */
export type { AnswerOutcome } from './answers.ts';
export type { StateDifference } from './checkpoints/diff.ts';
export type {
  Checkpoint,
  CheckpointLabels,
  PendingRequest,
  RunStatus,
} from './checkpoints/manifest.ts';
export type { Pruned, Retention } from './checkpoints/prune.ts';
export type { ReadableSpace, ReadableStepList } from './committed-state.ts';
export { graphRef, runScope, scopePrefix as runScopePrefix } from './keyspace.ts';
export { Run } from './run.ts';
export type { CheckpointOptions } from './run.ts';
export type { InitialRun, OpenRunOptions, RunOptions } from './run-options.ts';
export { ReadableRuns } from './readable-runs.ts';
export type {
  CheckpointName,
  CheckpointsQuery,
  LoadedCheckpoint,
  RunInfo,
  RunsQuery,
} from './readable-runs.ts';
export { Runs } from './runs.ts';
export type { RunsParts } from './runs.ts';
export type { ExportedEntry, ExportedState } from './state/exported.ts';
export type { MergePolicy, PolicyRule, ReducedWrites, Reducer } from './state/policies.ts';
export { AppWrites } from './step/app-writes.ts';
export { Step } from './step/step.ts';
export type { CommitStepOptions, Committed, StepOptions } from './step/step.ts';
export { StepList } from './step/step-list.ts';
export { StateSpace, StepView } from './step/view.ts';
