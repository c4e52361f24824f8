/**
 * Holdfast: one durable, reactive state engine for agents and workflows.
 *
 * The public door. `open(url)` gives a `Store`; everything else is reached from there.
 */
export { registerEngine } from './engine/index.ts';
export type {
  Engine,
  EngineDurability,
  EngineFactory,
  EngineOptions,
  EngineStats,
} from './engine/index.ts';
export { errorTable, HoldfastError, isHoldfastError } from './errors/index.ts';
export type { ErrorCode, ErrorDetails, ErrorRow, Outcome } from './errors/index.ts';
export type { Clock, Timer } from './internal/clock.ts';
export type { Random } from './internal/random.ts';
export { List } from './layers/lists/index.ts';
export type {
  Appended,
  ListBounds,
  ListEntriesOptions,
  ListInTransaction,
  ListItem,
  ListOptions,
  SchemaListOptions,
  Trim,
} from './layers/lists/index.ts';
export { ContextLedger, RequestContext } from './layers/contexts/index.ts';
export type { RequestOptions } from './layers/contexts/index.ts';
export { Run, Runs, Step, StepView } from './layers/runs/index.ts';
export type {
  AnswerOutcome,
  AppWrites,
  Checkpoint,
  CheckpointLabels,
  CheckpointName,
  CheckpointOptions,
  CheckpointsQuery,
  CommitStepOptions,
  Committed,
  ExportedEntry,
  ExportedState,
  InitialRun,
  LoadedCheckpoint,
  MergePolicy,
  OpenRunOptions,
  PendingRequest,
  PolicyRule,
  Pruned,
  ReadableSpace,
  ReadableStepList,
  ReducedWrites,
  Reducer,
  Retention,
  RunInfo,
  RunOptions,
  RunsQuery,
  RunStatus,
  StateDifference,
  StateSpace,
  StepList,
  StepOptions,
} from './layers/runs/index.ts';
export { Batch, Scope, Transaction } from './layers/scopes/index.ts';
export type {
  BatchCommitOptions,
  CommitTerms,
  EntriesOptions,
  Expectation,
  KeysOptions,
  Migration,
  MigrationReport,
  QuotaOptions,
  RangeOptions,
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaScopeOptions,
  SchemaVerdict,
  ScopeEntry,
  ScopeOptions,
  ScopePage,
  StandardSchema,
  Swapped,
  TimeToLive,
  TransactionEntriesOptions,
  TransactionScope,
  TransactOptions,
  WriteOptions,
  Written,
  WrittenValues,
} from './layers/scopes/index.ts';
export { Trigger, TriggerEvent } from './layers/triggers/index.ts';
export type {
  CloudEvent,
  DeadLetter,
  DeadReason,
  JsonMatch,
  RetryOptions,
  TriggerCondition,
  TriggerFilter,
  TriggerHandler,
  TriggerOptions,
  Triggers,
  TriggerStart,
  TriggerState,
  TriggerStats,
  TriggerStatus,
  TriggerWork,
} from './layers/triggers/index.ts';
export { Watch, WatchedChange } from './layers/watch/index.ts';
export type {
  AppWatchOptions,
  ScopeWatchOptions,
  WatchChanges,
  WatchedEntry,
  WatchEnd,
  WatchEvent,
  Watching,
  WatchSnapshot,
  WatchTerms,
} from './layers/watch/index.ts';
export { limits } from './ledger/index.ts';
export type {
  AppOptions,
  Cause,
  Change,
  ChangeKind,
  Commit,
  CommitAnswer,
  Conflict,
  Entry,
  IdempotencyStamp,
  Ledger,
  LogPage,
  Operation,
  Position,
  Proposal,
  Receipt,
  ScopeInfo,
  ScopeQuota,
  ScopeRule,
  StoredValue,
  StoreRules,
} from './ledger/index.ts';
export { App, open, openConfig, Store } from './store/index.ts';
export type {
  AppParts,
  AppStats,
  AppStoreOptions,
  AppTriggerHandler,
  AppTriggerWork,
  OpenConfig,
  OpenOptions,
  QuotaAlert,
  RetentionOptions,
  StoreStats,
} from './store/index.ts';
