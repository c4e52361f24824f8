/** Typed handles on named groups of keys, and atomic work across them. */
export { Batch } from './batch.ts';
export type { BatchCommitOptions } from './batch.ts';
export type { QuotaOptions } from './declared-quotas.ts';
export { ReadableScope } from './readable-scope.ts';
export { pagesOf } from './scan.ts';
export { Scope } from './scope.ts';
export { ScopeHost } from './scope-host.ts';
export type { ScopeHostParts } from './scope-host.ts';
export type * from './scope-options.ts';
export { Scopes } from './scopes.ts';
export type { SchemaScopeOptions } from './scopes.ts';
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaVerdict,
  StandardSchema,
} from './values/standard-schema.ts';
export { Retry } from './transaction/retry.ts';
export type { TransactOptions } from './transaction/transact.ts';
export { Transaction } from './transaction/transaction.ts';
export type {
  StagedWriteOptions,
  TransactionEntriesOptions,
  TransactionScope,
} from './transaction/transaction-scope.ts';
export { ValueCodec } from './values/value-codec.ts';
export type { CodecOptions, Encoded, Migration } from './values/value-codec.ts';
