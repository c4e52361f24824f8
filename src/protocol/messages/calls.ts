/**
 * Every call that crosses the wire: its arguments, its result, and how it is run on a ledger.
 *
 * The one table of methods; requests, answers and both ends of a session derive from it. `watch` is
 * not in it: it is a stream, not a call.
 */
import type {
  CommitAnswer,
  Entry,
  EntryHead,
  Ledger,
  LedgerHead,
  LogOptions,
  LogPage,
  Member,
  Page,
  Pin,
  Position,
  Proposal,
  Ref,
  ScanQuery,
  ScopeInfo,
  ScopesQuery,
} from '../../ledger/index.ts';
import * as shapes from '../wire/ledger-shapes.ts';
import { count, flag, list, name, number, optional, orNull, record } from '../wire/shape.ts';
import type { Shape } from '../wire/shape.ts';

export interface Calls {
  head: { args: object; result: LedgerHead };
  read: { args: { refs: readonly Ref[] }; result: readonly (Entry | undefined)[] };
  scan: { args: { query: ScanQuery }; result: Page<EntryHead> };
  scopes: { args: { query?: ScopesQuery | undefined }; result: Page<ScopeInfo> };
  scope: { args: { name: string }; result: ScopeInfo };
  commit: { args: { proposal: Proposal }; result: CommitAnswer };
  log: { args: { after: Position; options?: LogOptions | undefined }; result: LogPage };
  pin: { args: { name: string; at: Position; ttlMs: number }; result: Pin };
  erase: { args: { ref: Ref }; result: { readonly existed: boolean; readonly changes: number } };
  heartbeat: { args: { member: string; ttlMs: number }; result: undefined };
  members: { args: object; result: readonly Member[] };
}

export type Method = keyof Calls;

export interface CallShape<M extends Method> {
  readonly args: Shape<Calls[M]['args']>;
  readonly result: Shape<Calls[M]['result']>;
  /** Whether a lost answer may mean that something was written. */
  readonly writes: boolean;
  run(ledger: Ledger, args: Calls[M]['args']): Promise<Calls[M]['result']>;
}

const nothing = record<object>({});

const table: { readonly [M in Method]: CallShape<M> } = {
  head: {
    args: nothing,
    result: shapes.ledgerHead,
    writes: false,
    run: (ledger) => ledger.head(),
  },
  read: {
    args: record({ refs: list(shapes.ref) }),
    result: list(orNull(shapes.entry)),
    writes: false,
    run: (ledger, { refs }) => ledger.read(refs),
  },
  scan: {
    args: record({ query: shapes.scanQuery }),
    result: shapes.scanPage,
    writes: false,
    run: (ledger, { query }) => ledger.scan(query),
  },
  scopes: {
    args: record({ query: optional(shapes.scopesQuery) }),
    result: shapes.scopesPage,
    writes: false,
    run: (ledger, { query }) => ledger.scopes(query),
  },
  scope: {
    args: record({ name }),
    result: shapes.scopeInfo,
    writes: false,
    run: (ledger, { name }) => ledger.scope(name),
  },
  commit: {
    args: record({ proposal: shapes.proposal }),
    result: shapes.commitAnswer,
    writes: true,
    run: (ledger, { proposal }) => ledger.commit(proposal),
  },
  log: {
    args: record({ after: shapes.position, options: optional(shapes.logOptions) }),
    result: shapes.logPage,
    writes: false,
    run: (ledger, { after, options }) => ledger.log(after, options),
  },
  pin: {
    args: record({ name, at: shapes.position, ttlMs: number }),
    result: shapes.pin,
    writes: true,
    run: (ledger, { name, at, ttlMs }) => ledger.pin(name, at, ttlMs),
  },
  erase: {
    args: record({ ref: shapes.ref }),
    result: record({ existed: flag, changes: count }),
    writes: true,
    run: (ledger, { ref }) => ledger.erase(ref),
  },
  heartbeat: {
    args: record({ member: name, ttlMs: number }),
    result: orNull<never>({ write: () => null, read: () => undefined as never }),
    writes: true,
    run: async (ledger, { member, ttlMs }) => {
      await ledger.heartbeat(member, ttlMs);
      return undefined;
    },
  },
  members: {
    args: nothing,
    result: list(shapes.member),
    writes: false,
    run: (ledger) => ledger.members(),
  },
};

export const methods = Object.keys(table) as readonly Method[];

export function callShape<M extends Method>(method: M): CallShape<M> {
  return table[method];
}
