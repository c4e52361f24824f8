/**
 * The ledger itself, on an engine in this process. Every rule of the state model meets here.
 *
 * Not here: sockets, users' rights, layers. A remote ledger answers the same interface over a wire.
 */
import { present } from '../internal/assert.ts';
import type { Engine, Head, Member, Ref } from '../engine/index.ts';
import { HoldfastError, isHoldfastError } from '../errors/index.ts';
import type { Clock } from '../internal/clock.ts';
import type { AppRules } from './rules/app-rules.ts';
import type { LogPage } from './commit.ts';
import type { Entry, EntryHead } from './entry.ts';
import type { Committer } from './committer/committer.ts';
import type { Lane, Waiting } from './group/lane.ts';
import type { GroupRules } from './group/group-run.ts';
import { checkList } from './door/input.ts';
import type { QuotaGrowth } from './rules/growth.ts';
import {
  checkTtl,
  positionFrom,
  prepare,
  prepareErase,
  prepareSweep,
  refOf,
} from './door/prepared.ts';
import type { Prepared } from './door/prepared.ts';
import { quotaCrossed } from './rules/quota.ts';
import type {
  Ledger,
  LedgerHead,
  LogOptions,
  Page,
  Pin,
  ScanQuery,
  ScopeInfo,
  ScopesQuery,
  WatchOptions,
} from './ledger.ts';
import { limits } from './limits.ts';
import { History } from './log/history.ts';
import { LogReader, positionOf } from './log/reader.ts';
import { withValues } from './log/replayed-values.ts';
import { Tail } from './log/tail.ts';
import { commitUnchanged } from './door/unchanged.ts';
import { checkMember, checkPin, checkScope } from './names.ts';
import { origin } from './position.ts';
import type { Position } from './position.ts';
import type { CommitAnswer, Proposal } from './proposal.ts';
import { checkScanQuery, checkScopesQuery, checkWatchFilter } from './door/queries.ts';
import { StateReader } from './state/state-reader.ts';
import { tuning } from './group/tuning.ts';
import { LogUpkeep } from './upkeep/log-upkeep.ts';

/** An app, or a scope of it, has come to hold 80 % of its quota. Told once per crossing. */
export interface QuotaWarning {
  readonly app: string;
  /** Left out if the whole app is meant. */
  readonly scope?: string | undefined;
  readonly unit: 'entries' | 'bytes';
  readonly used: number;
  readonly limit: number;
}

export interface LedgerOptions {
  readonly maxValueBytes: number;
  /** As they are now: they may be replaced while the ledger is open. */
  rules(): AppRules;
  onQuotaWarning(warning: QuotaWarning): void;
}

export interface LedgerParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly committer: Committer;
  newValueId(): string;
}

/** An `unchanged` check meets entries that die within this time of its being proposed. */
const dueHorizonMs = 1000;

export class DirectLedger implements Ledger, Lane {
  readonly name: string;
  readonly waiting: Waiting[] = [];
  readonly #engine: Engine;
  readonly #committer: Committer;
  readonly #options: LedgerOptions;
  readonly #history: History;
  readonly #reader: LogReader;
  readonly #state: StateReader;
  readonly #tail: Tail;
  readonly #upkeep: LogUpkeep;
  readonly #newValueId: () => string;
  /** Of the rules as they were last: they seldom change. */
  #groupRules: (GroupRules & { readonly source: AppRules }) | undefined;

  constructor(name: string, parts: LedgerParts, options: LedgerOptions) {
    const { engine, clock, committer } = parts;
    this.name = name;
    this.#engine = engine;
    this.#committer = committer;
    this.#options = options;
    this.#history = new History(engine, name);
    this.#reader = new LogReader(engine, name, this.#history);
    this.#state = new StateReader(engine, name, this.#reader);
    this.#tail = new Tail(engine, name, this.#reader, clock);
    this.#upkeep = new LogUpkeep({ lane: this, engine, committer, history: this.#history });
    this.#newValueId = () => parts.newValueId();
  }

  rules(): GroupRules {
    const rules = this.#options.rules();
    if (this.#groupRules?.source === rules) return this.#groupRules;
    this.#groupRules = {
      source: rules,
      app: this.name,
      maxValueBytes: this.#options.maxValueBytes,
      quota: rules.quota,
      scopes: rules.scopes,
      knows: (position, head) => this.#history.knows(position, head),
      newValueId: this.#newValueId,
    };
    return this.#groupRules;
  }

  async head(): Promise<LedgerHead> {
    const { head, time } = await this.#engine.read(this.name, []);
    const { entries, bytes, logBytes, trimmed } = head;
    const oldest = await this.#history.positionAt(trimmed, head);
    return { position: positionOf(head), time, entries, bytes, logBytes, trimmed, oldest };
  }

  async read(refs: readonly Ref[]): Promise<readonly (Entry | undefined)[]> {
    checkList(refs, 'refs');
    if (refs.length > limits.readRefs) {
      throw new HoldfastError('limit_exceeded', `${refs.length} refs in one read`, {
        details: { count: refs.length, limit: limits.readRefs },
      });
    }
    const own: Ref[] = [];
    for (const ref of refs) own.push(refOf(ref));
    // Awaited here rather than handed on: a promise within a promise costs two more turns.
    const entries = await this.#state.read(own);
    return entries;
  }

  async scan(query: ScanQuery & { readonly keysOnly: true }): Promise<Page<EntryHead>>;
  async scan(query: ScanQuery): Promise<Page<Entry>>;
  async scan(query: ScanQuery & { readonly keysOnly?: boolean }): Promise<Page<Entry | EntryHead>> {
    checkScanQuery(query);
    return this.#state.scan(query, query.keysOnly === true);
  }

  async scopes(query: ScopesQuery = {}): Promise<Page<ScopeInfo>> {
    checkScopesQuery(query);
    return this.#state.scopes(query);
  }

  async scope(name: string): Promise<ScopeInfo> {
    checkScope(name);
    return this.#state.scope(name);
  }

  async commit(proposal: Proposal): Promise<CommitAnswer> {
    const prepared = prepare(proposal, this.#options.maxValueBytes);
    let answer: CommitAnswer;
    try {
      answer = await this.#propose(prepared);
    } catch (error) {
      // The dead count until they are swept; nobody may be refused because of them.
      if (!isHoldfastError(error, 'quota_exceeded') || (await this.sweep()) === 0) throw error;
      answer = await this.#propose(prepared);
    }
    if (answer.kind !== 'committed' || !answer.replayed) return answer;
    // The first answer may have been of an earlier incarnation than today's.
    await this.#history.refresh();
    const { revision, incarnation } = answer.position;
    const first = this.#history.incarnationOf(revision) || incarnation;
    const receipt = { ...answer, position: { incarnation: first, revision } };
    // Only whoever lost the answer to a call needs its values; a repeat otherwise names versions.
    if (!prepared.wantsValues || prepared.stamp?.perCall !== true) return receipt;
    const before = revision - 1;
    const at =
      before === 0
        ? origin
        : { incarnation: this.#history.incarnationOf(before), revision: before };
    const page = await this.#reader.page(at, { limit: 1 });
    return withValues(
      receipt,
      prepared.mutations.map(({ ref }) => ref),
      page,
    );
  }

  #propose(prepared: Prepared): Promise<CommitAnswer> {
    const isOfScopes = prepared.checks.some((check) => check.ref === undefined);
    if (!isOfScopes) return this.#committer.submit(this, prepared);
    return commitUnchanged(prepared, {
      refresh: () => this.#refreshHistory(),
      knows: (position, head) => this.#history.knows(position, head),
      due: (scopes) => this.#due(dueHorizonMs, scopes),
      submit: (one) => this.#committer.submit(this, one),
    });
  }

  async log(after: Position, options: LogOptions = {}): Promise<LogPage> {
    checkWatchFilter(options);
    return this.#reader.page(positionFrom(after), { ...options });
  }

  watch(options: WatchOptions = {}): AsyncIterable<LogPage> {
    checkWatchFilter(options);
    const start =
      options.after === undefined
        ? this.head().then((head) => head.position)
        : Promise.resolve(positionFrom(options.after));
    // Whoever never asks for a page must not see this as an unhandled rejection.
    start.catch(() => undefined);
    return this.#tail.watch({ ...options }, start);
  }

  async pin(name: string, at: Position, ttlMs: number): Promise<Pin> {
    checkPin(name);
    if (ttlMs !== 0) checkTtl(ttlMs, { scope: '$pins', key: name });
    return this.#upkeep.pin(name, positionFrom(at), ttlMs);
  }

  async erase(ref: Ref): Promise<{ existed: boolean; changes: number }> {
    const { scope, key } = refOf(ref);
    const answer = await this.#committer.submit(this, prepareErase({ scope, key }));
    const existed = answer.kind === 'committed' && answer.results[0]?.change === 'deleted';
    // What is written after this moment is somebody's new value and stays.
    const changes = await this.#upkeep.eraseFromLog({ scope, key }, answer.position.revision);
    this.#tail.clear();
    await this.#engine.scrub();
    return { existed, changes };
  }

  async heartbeat(member: string, ttlMs: number): Promise<void> {
    checkMember(member);
    if (ttlMs !== 0) checkTtl(ttlMs, { scope: '$members', key: member });
    await this.#engine.heartbeat(member, ttlMs);
  }

  async members(): Promise<readonly Member[]> {
    return (await this.#engine.members()).members;
  }

  /** To be called once the engine is closed. */
  close(): void {
    this.#tail.close();
  }

  /** Makes the dead of this ledger `expired`. Returns how many were found. */
  async sweep(refs?: readonly Ref[]): Promise<number> {
    const found = refs ?? (await this.#due(0));
    for (let start = 0; start < found.length; start += tuning.sweepShare) {
      const share = found.slice(start, start + tuning.sweepShare);
      await this.#committer.submit(this, prepareSweep(share));
    }
    return found.length;
  }

  /** Whether the oldest of the log is beyond its retention. */
  needsTrim(): Promise<boolean> {
    return this.#upkeep.needsTrim(this.#options.rules().retention);
  }

  /** Forgets the log beyond its retention. Returns whether it forgot anything. */
  trim(): Promise<boolean> {
    return this.#upkeep.trim(this.#options.rules().retention);
  }

  applied(growths: readonly QuotaGrowth[]): void {
    for (const { owner, quota, before, after } of growths) {
      const unit = quotaCrossed(quota, before, after);
      if (unit === undefined) continue;
      const limit = present(quota[unit], 'a crossed quota');
      this.#options.onQuotaWarning({ ...owner, unit, used: after[unit], limit });
    }
  }

  async #refreshHistory(): Promise<Head> {
    const { head } = await this.#engine.read(this.name, []);
    await this.#history.refresh(head);
    return head;
  }

  /** What is dead within `horizonMs`: of some scopes, or of all. */
  async #due(horizonMs: number, scopes?: ReadonlySet<string>): Promise<Ref[]> {
    const { time } = await this.#engine.read(this.name, []);
    const due = await this.#engine.due(time + horizonMs, tuning.dueFound);
    const own = due.filter(({ ledger }) => ledger === this.name);
    // A full list may have left out this ledger's dead behind those of others.
    if (due.length === tuning.dueFound && own.length < due.length) {
      return this.#state.deadBy(time + horizonMs, scopes);
    }
    const meant = own.filter(({ scope }) => scopes?.has(scope) ?? true);
    return meant.map(({ scope, key }) => ({ scope, key }));
  }
}
