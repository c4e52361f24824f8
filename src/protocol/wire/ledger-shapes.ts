/**
 * The shapes of what a ledger is asked and what it answers.
 *
 * V1. A value on its way to the ledger is validated by both ends: by the sender, so that a bad one
 *     fails at the caller's door, and by the receiver, because a sender may lie.
 * V2. A value on its way back is passed on undecoded; whoever wants it decodes it.
 */
import { StoredValue, checkOperations, limits } from '../../ledger/index.ts';
import type {
  Cause,
  Change,
  ChangeFilter,
  Check,
  CheckFailure,
  Commit,
  CommitAnswer,
  Conflict,
  Entry,
  EntryHead,
  IdempotencyStamp,
  LedgerHead,
  LogOptions,
  LogPage,
  Member,
  Mutation,
  MutationResult,
  Operation,
  Page,
  Pin,
  Position,
  PreviousEntry,
  Proposal,
  Receipt,
  Ref,
  ScanQuery,
  ScopeInfo,
  ScopesQuery,
  WatchOptions,
} from '../../ledger/index.ts';
import {
  count,
  flag,
  list,
  name,
  number,
  optional,
  possible,
  record,
  scalar,
  text,
  variants,
  word,
} from './shape.ts';
import type { Fields, Shape } from './shape.ts';

/** On the way in. */
export const given: Shape<unknown> = {
  write: (value, frame) => frame.slotOf(StoredValue.of(value, limits.valueBytesMax).content),
  read(json, frame) {
    const content = frame.content(json);
    if (typeof content !== 'string') return StoredValue.of(content, limits.valueBytesMax);
    return StoredValue.parse(content, limits.valueBytesMax);
  },
};

/** On the way back. */
export const stored: Shape<StoredValue> = {
  write: (value, frame) => frame.slotOf(value.content),
  read: (json, frame) => StoredValue.trusted(frame.content(json)),
};

const givenOperations: Shape<readonly Operation[]> = {
  write: (operations) => checkOperations(operations),
  read: (json) => checkOperations(json),
};

const storedOperations: Shape<readonly Operation[]> = list({
  write: (operation: Operation) => operation,
  read: (json) => json as Operation,
});

const refFields: Fields<Ref> = { scope: name, key: name };
export const ref = record<Ref>(refFields);

/** Asked for: whether it is a position of the history is the ledger's to say. */
export const position = record<Position>({ incarnation: text, revision: number });

const headFields: Fields<EntryHead> = {
  ...refFields,
  version: count,
  createdAt: count,
  updatedAt: count,
  expiresAt: possible(count),
  schema: count,
  size: count,
};

export const entry = record<Entry>({ ...headFields, value: stored });
/** Of a scan, whose items have no value with `keysOnly`. */
const scanned = record<EntryHead & { readonly value?: StoredValue | undefined }>({
  ...headFields,
  value: optional(stored),
});

export const scopeInfo = record<ScopeInfo>({
  scope: text,
  entries: count,
  bytes: count,
  revision: count,
});

function page<T>(item: Shape<T>): Shape<Page<T>> {
  return record<Page<T>>({ items: list(item), cursor: possible(text), position });
}

export const scanPage = page(scanned);
export const scopesPage = page(scopeInfo);

export const scanQuery = record<ScanQuery & { readonly keysOnly?: boolean | undefined }>({
  scope: name,
  prefix: optional(text),
  from: optional(text),
  to: optional(text),
  reverse: optional(flag),
  limit: optional(number),
  cursor: optional(text),
  keysOnly: optional(flag),
});

export const scopesQuery = record<ScopesQuery>({
  prefix: optional(text),
  limit: optional(number),
  cursor: optional(text),
  internal: optional(flag),
});

const filterFields: Fields<ChangeFilter> = {
  scope: optional(name),
  key: optional(name),
  prefix: optional(text),
  keysOnly: optional(flag),
};

export const logOptions = record<LogOptions>({ ...filterFields, limit: optional(number) });
/** The signal stays at home: it ends the stream by `stop`. */
export const watchOptions = record<Omit<WatchOptions, 'signal'>>({
  ...filterFields,
  after: optional(position),
});

function checkOf(value: Shape<unknown>): Shape<Check> {
  return variants<Check>({
    version: record({ ...refFields, version: number }),
    value: record({ ...refFields, value }),
    unchanged: record({ scope: name, since: position }),
    epoch: record({ resource: name, epoch: number }),
  });
}

const ttl = scalar as Shape<number | 'keep'>;

const mutation = variants<Mutation>({
  set: record({
    ...refFields,
    value: given,
    ttlMs: optional(ttl),
    expiresAt: optional(number),
    schema: optional(number),
  }),
  delete: record(refFields),
  touch: record({ ...refFields, ttlMs: scalar as Shape<number | null> }),
  update: record({
    ...refFields,
    operations: givenOperations,
    ttlMs: optional(scalar as Shape<number | null>),
    schema: optional(number),
  }),
});

const cause = record<Cause>({ kind: text, id: text, depth: optional(number) });

export const proposal = record<Proposal>({
  checks: optional(list(checkOf(given))),
  mutations: optional(list(mutation)),
  quotas: optional(
    list(record({ scope: name, entries: optional(number), bytes: optional(number) })),
  ),
  stamp: optional(
    record<IdempotencyStamp>({ client: name, sequence: number, perCall: optional(flag) }),
  ),
  durability: optional(text as Shape<'sync' | 'relaxed'>),
  returns: optional(text as Shape<'versions' | 'values'>),
  actor: optional(text),
  cause: optional(cause),
});

const result = record<MutationResult>({
  change: word('created', 'updated', 'deleted', 'none'),
  version: count,
  previous: optional(stored),
  value: optional(stored),
});

const failure = record<CheckFailure>({
  index: count,
  check: checkOf(stored),
  actual: count,
});

export const commitAnswer = variants<CommitAnswer>({
  committed: record<Omit<Receipt, 'kind'>>({
    position,
    time: count,
    durability: word('none', 'relaxed', 'sync'),
    results: list(result),
    replayed: flag,
  }),
  conflict: record<Omit<Conflict, 'kind'>>({ failures: list(failure), position }),
});

const previous = record<PreviousEntry>({
  version: count,
  createdAt: count,
  updatedAt: count,
  expiresAt: possible(count),
  schema: count,
  size: count,
  value: possible(stored),
});

const change = record<Change>({
  scope: text,
  key: text,
  kind: word('created', 'updated', 'deleted', 'expired'),
  createdAt: count,
  expiresAt: possible(count),
  schema: count,
  size: count,
  value: possible(stored),
  previous: possible(previous),
  operations: optional(storedOperations),
  erased: optional(flag as Shape<true>),
});

const commit = record<Commit>({
  position,
  time: count,
  changes: list(change),
  actor: optional(text),
  cause: optional(cause),
});

export const logPage = variants<LogPage>({
  commits: record({ commits: list(commit), through: position, head: position }),
  trimmed: record({ head: position }),
  regressed: record({ head: position }),
});

export const ledgerHead = record<LedgerHead>({
  position,
  time: count,
  entries: count,
  bytes: count,
  logBytes: count,
  trimmed: count,
  oldest: position,
});

export const pin = record<Pin>({ name: text, position, expiresAt: count });
export const member = record<Member>({ id: text, expiresAt: count });
