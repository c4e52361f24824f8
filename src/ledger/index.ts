/** The waist's public door: what layers, servers and clients are written against. */
export type { Change, ChangeKind, Commit, LogPage, PreviousEntry } from './commit.ts';
export type { Entry, EntryHead } from './entry.ts';
export type * from './ledger.ts';
export { examineEngine, examineLedger, findingRules } from './checkup/index.ts';
export type { CheckupOptions, Finding, FindingRule } from './checkup/index.ts';
export { openLedgers } from './ledgers.ts';
export type { AppOptions, ScopeRule, StoreRules, ValueFault } from './rules/app-rules.ts';
export type { Ledgers, LedgersOptions } from './ledgers.ts';
export { holds, WatcherIndex } from './log/watcher-index.ts';
export type { Place } from './log/watcher-index.ts';
export { limits } from './limits.ts';
export { checkApp } from './names.ts';
export { applyOperations, checkOperations } from './operations/index.ts';
export type { Operation } from './operations/index.ts';
export { Membership } from './membership.ts';
export type { Held, MembershipOptions } from './membership.ts';
export { checkKey, checkKeyBound, checkScope } from './names.ts';
export { Ownership } from './ownership.ts';
export { origin } from './position.ts';
export type { Position } from './position.ts';
export type * from './proposal.ts';
export { cursorAt } from './state/cursor.ts';
export { FunctionalUpdates } from './update/index.ts';
export type {
  FunctionalUpdateOptions,
  FunctionalUpdateResult,
  FunctionalUpdatesOptions,
  UpdateFunction,
} from './update/index.ts';
export { StoredValue } from './value/index.ts';
export type { EngineStats, Incarnation, Member, Ref } from '../engine/index.ts';
