/**
 * The ledger interface over anything that carries calls and streams: what a remote ledger is.
 *
 * Arguments are written down before a call returns, so that what the caller does to its objects
 * afterwards changes nothing.
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
  WatchOptions,
} from '../../ledger/index.ts';
import type { Calls, Method } from '../messages/calls.ts';

export interface Carrier {
  call<M extends Method>(
    app: string,
    method: M,
    args: Calls[M]['args'],
  ): Promise<Calls[M]['result']>;
  watch(app: string, options: WatchOptions): AsyncIterable<LogPage>;
}

export class RemoteLedger implements Ledger {
  readonly name: string;
  readonly #carrier: Carrier;

  constructor(name: string, carrier: Carrier) {
    this.name = name;
    this.#carrier = carrier;
  }

  head(): Promise<LedgerHead> {
    return this.#call('head', {});
  }

  read(refs: readonly Ref[]): Promise<readonly (Entry | undefined)[]> {
    return this.#call('read', { refs });
  }

  scan(query: ScanQuery & { readonly keysOnly: true }): Promise<Page<EntryHead>>;
  scan(query: ScanQuery): Promise<Page<Entry>>;
  scan(query: ScanQuery): Promise<Page<EntryHead>> {
    return this.#call('scan', { query });
  }

  scopes(query?: ScopesQuery): Promise<Page<ScopeInfo>> {
    return this.#call('scopes', { query });
  }

  scope(name: string): Promise<ScopeInfo> {
    return this.#call('scope', { name });
  }

  commit(proposal: Proposal): Promise<CommitAnswer> {
    return this.#call('commit', { proposal });
  }

  log(after: Position, options?: LogOptions): Promise<LogPage> {
    return this.#call('log', { after, options });
  }

  watch(options: WatchOptions = {}): AsyncIterable<LogPage> {
    return this.#carrier.watch(this.name, options);
  }

  pin(name: string, at: Position, ttlMs: number): Promise<Pin> {
    return this.#call('pin', { name, at, ttlMs });
  }

  erase(ref: Ref): Promise<{ readonly existed: boolean; readonly changes: number }> {
    return this.#call('erase', { ref });
  }

  async heartbeat(member: string, ttlMs: number): Promise<void> {
    await this.#call('heartbeat', { member, ttlMs });
  }

  members(): Promise<readonly Member[]> {
    return this.#call('members', {});
  }

  #call<M extends Method>(method: M, args: Calls[M]['args']): Promise<Calls[M]['result']> {
    return this.#carrier.call(this.name, method, args);
  }
}
