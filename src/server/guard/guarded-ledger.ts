/**
 * A ledger as one principal may use it: every path to state passes here, whichever door it came
 * through.
 *
 * G1. What the principal may not read it cannot learn of: not by a list, a count, a check, a
 *     returned value, a watch or the log.
 * G2. Actor and cause are the server's word. A caller's own count only where no token is asked for;
 *     a cause also from whoever administers the app.
 * G3. A token that ended fails at its next call, and its watches end.
 */
import type {
  Check,
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
import { ownersScope, servedScope } from '../auth/grant.ts';
import type { Right } from '../auth/grant.ts';
import { forbidden } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import { ownStamp } from './stamp.ts';
import { visiblePage, visiblePages } from './visible-log.ts';

export interface HeartbeatGate {
  /** Throws `forbidden` if the member id is somebody else's. */
  claim(member: string): Promise<void>;
}

export class GuardedLedger implements Ledger {
  readonly name: string;
  readonly #ledger: Ledger;
  readonly #principal: Principal;
  readonly #members: HeartbeatGate;

  constructor(ledger: Ledger, principal: Principal, members: HeartbeatGate) {
    this.name = ledger.name;
    this.#ledger = ledger;
    this.#principal = principal;
    this.#members = members;
  }

  async head(): Promise<LedgerHead> {
    this.#enter();
    const head = await this.#ledger.head();
    if (this.#mayAll('read')) return head;
    let entries = 0;
    let bytes = 0;
    for (let cursor: string | undefined; ;) {
      const page = await this.#ledger.scopes({ internal: true, cursor });
      for (const info of page.items.filter(({ scope }) => this.#may(scope, 'read'))) {
        entries += info.entries;
        bytes += info.bytes;
      }
      if (page.cursor === undefined) return { ...head, entries, bytes, logBytes: 0 };
      cursor = page.cursor;
    }
  }

  async read(refs: readonly Ref[]): Promise<readonly (Entry | undefined)[]> {
    this.#enter();
    for (const ref of listed(refs)) this.#needRef(ref, 'read');
    return this.#ledger.read(refs);
  }

  scan(query: ScanQuery & { readonly keysOnly: true }): Promise<Page<EntryHead>>;
  scan(query: ScanQuery): Promise<Page<Entry>>;
  async scan(query: ScanQuery): Promise<Page<Entry>> {
    this.#enter();
    this.#need(query?.scope, 'read');
    return this.#ledger.scan(query);
  }

  async scopes(query?: ScopesQuery): Promise<Page<ScopeInfo>> {
    this.#enter();
    const page = await this.#ledger.scopes(query);
    if (this.#mayAll('read')) return page;
    return { ...page, items: page.items.filter(({ scope }) => this.#may(scope, 'read')) };
  }

  async scope(name: string): Promise<ScopeInfo> {
    this.#enter();
    this.#need(name, 'read');
    return this.#ledger.scope(name);
  }

  async commit(proposal: Proposal): Promise<CommitAnswer> {
    this.#enter();
    if (typeof proposal !== 'object' || proposal === null) return this.#ledger.commit(proposal);
    const { checks, mutations, quotas } = proposal;
    for (const check of listed(checks)) this.#needCheck(check);
    for (const mutation of listed(mutations)) {
      this.#needRef(mutation, 'write');
      // What a write returns of an entry is a reading of it.
      if (proposal.returns === 'values') this.#needRef(mutation, 'read');
    }
    // A quota that is met tells how much there is.
    for (const quota of listed(quotas)) this.#need(quota?.scope, 'read');
    const principal = this.#principal;
    if (principal.isAnonymous) return this.#ledger.commit(proposal);
    const { actor } = principal;
    const cause = principal.causeFor(this.name, proposal.cause);
    const stamp = ownStamp(principal.id, proposal.stamp);
    return this.#ledger.commit({ ...proposal, actor, cause, stamp });
  }

  async log(after: Position, options?: LogOptions): Promise<LogPage> {
    this.#needLog(options?.scope);
    const page = await this.#ledger.log(after, options);
    return options?.scope === undefined && !this.#mayAll('watch')
      ? visiblePage(page, (scope, key) => this.#mayRef({ scope, key }, 'watch'))
      : page;
  }

  watch(options: WatchOptions = {}): AsyncIterable<LogPage> {
    this.#needLog(options.scope);
    const sees =
      options.scope === undefined && !this.#mayAll('watch')
        ? (scope: string, key: string) => this.#mayRef({ scope, key }, 'watch')
        : undefined;
    const abort = new AbortController();
    const ends = [this.#principal.ended, abort.signal];
    const signal = AbortSignal.any(options.signal ? [...ends, options.signal] : ends);
    const pages = this.#ledger.watch({ ...options, signal });
    return visiblePages(pages, { sees, stop: abort, check: () => this.#principal.checkAlive() });
  }

  async pin(name: string, at: Position, ttlMs: number): Promise<Pin> {
    this.#enter();
    // A pin holds the log of the whole app.
    if (!this.#mayAll('watch')) throw forbidden('watch', this.name);
    return this.#ledger.pin(name, at, ttlMs);
  }

  async erase(ref: Ref): Promise<{ readonly existed: boolean; readonly changes: number }> {
    this.#enter();
    this.#needRef(ref, 'admin');
    return this.#ledger.erase(ref);
  }

  async heartbeat(member: string, ttlMs: number): Promise<void> {
    this.#enter('write');
    await this.#members.claim(member);
    return this.#ledger.heartbeat(member, ttlMs);
  }

  async members(): Promise<readonly Member[]> {
    this.#enter('write');
    return this.#ledger.members();
  }

  #enter(right?: Right): void {
    this.#principal.checkAlive();
    if (!this.#principal.mayEnter(this.name, right)) throw forbidden(right ?? 'read', this.name);
  }

  #needLog(scope: string | undefined): void {
    this.#enter();
    if (scope === undefined) this.#enter('watch');
    else this.#need(scope, 'watch');
  }

  #needCheck(check: Check): void {
    // What is no check is the ledger's to refuse.
    if (typeof check !== 'object' || check === null) return;
    if (check.kind === 'unchanged') this.#need(check.scope, 'read');
    else if (check.kind === 'epoch') {
      this.#needRef({ scope: ownersScope, key: check.resource }, 'read');
    } else this.#needRef(check, 'read');
  }

  #needRef(ref: Ref, right: Right): void {
    // The ledger refuses what is no name; whoever may do all learns it from there.
    if (this.#mayAll(right)) return;
    if (this.#mayRef(ref, right)) return;
    throw forbidden(right, this.name, typeof ref?.scope === 'string' ? ref.scope : undefined);
  }

  #need(scope: string, right: Right): void {
    if (this.#mayAll(right) || this.#may(scope, right)) return;
    throw forbidden(right, this.name, typeof scope === 'string' ? scope : undefined);
  }

  #mayRef(ref: Ref, right: Right): boolean {
    if (ref?.scope !== ownersScope) return this.#may(ref?.scope, right);
    return typeof ref.key === 'string' && this.#may(ref.key, right);
  }

  #may(scope: string, right: Right): boolean {
    if (typeof scope !== 'string') return false;
    return this.#principal.allows(this.name, servedScope(scope), right);
  }

  #mayAll(right: Right): boolean {
    return this.#principal.allows(this.name, undefined, right);
  }
}

/** What is no list is the ledger's to refuse. */
function listed<T>(list: readonly T[] | undefined): readonly T[] {
  return Array.isArray(list) ? (list as readonly T[]) : [];
}
