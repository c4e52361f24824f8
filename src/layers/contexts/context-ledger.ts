/**
 * The ledger that a worker of one request is given: two scopes, `state` and `app`, and nothing
 * else, whatever it asks for.
 *
 * The serving side makes it, with the request that it read from the worker's token, and puts it in
 * the place of the app's ledger. Names are put in here and taken out again on the way back, so a
 * worker names keys only and learns no scope's name.
 */
import { HoldfastError } from '../../errors/index.ts';
import type {
  Check,
  CommitAnswer,
  Entry,
  EntryHead,
  Ledger,
  LedgerHead,
  LogPage,
  Member,
  Mutation,
  Page,
  Pin,
  Proposal,
  Ref,
  ScanQuery,
  ScopeInfo,
} from '../../ledger/index.ts';
import { appStateScope, requestScope, workerNames } from './names.ts';

type LogArguments = Parameters<Ledger['log']>;
type WatchArguments = Parameters<Ledger['watch']>;

export class ContextLedger implements Ledger {
  readonly name: string;
  readonly #ledger: Ledger;
  /** From what a worker says to what there is, and back. */
  readonly #inner: ReadonlyMap<string, string>;
  readonly #outer: ReadonlyMap<string, string>;

  /** Throws `invalid_name` for what is no id of a request. */
  constructor(ledger: Ledger, request: string) {
    this.name = ledger.name;
    this.#ledger = ledger;
    const pairs: [string, string][] = [
      [workerNames.state, requestScope(request)],
      [workerNames.appState, appStateScope],
    ];
    this.#inner = new Map(pairs);
    this.#outer = new Map(pairs.map(([outer, inner]) => [inner, outer]));
  }

  /** Time and position; of what the app holds it tells what these two scopes hold. */
  async head(): Promise<LedgerHead> {
    const infos = await Promise.all(
      Array.from(this.#inner.values(), (one) => this.#ledger.scope(one)),
    );
    const head = await this.#ledger.head();
    let [entries, bytes] = [0, 0];
    for (const info of infos) {
      entries += info.entries;
      bytes += info.bytes;
    }
    return { ...head, entries, bytes, logBytes: 0 };
  }

  async read(refs: readonly Ref[]): Promise<readonly (Entry | undefined)[]> {
    const entries = await this.#ledger.read(refs.map((ref) => this.#in(ref)));
    return entries.map((entry) => entry && this.#out(entry));
  }

  scan(query: ScanQuery & { readonly keysOnly: true }): Promise<Page<EntryHead>>;
  scan(query: ScanQuery): Promise<Page<Entry>>;
  async scan(query: ScanQuery): Promise<Page<Entry>> {
    const page = await this.#ledger.scan(this.#in(query));
    return { ...page, items: page.items.map((item) => this.#out(item)) };
  }

  async scopes(): Promise<Page<ScopeInfo>> {
    const { position } = await this.#ledger.head();
    const all = await Promise.all(Array.from(this.#inner.keys(), (name) => this.scope(name)));
    const items = all.filter(({ entries }) => entries > 0);
    items.sort((a, b) => (a.scope < b.scope ? -1 : 1));
    return { items, cursor: undefined, position };
  }

  async scope(name: string): Promise<ScopeInfo> {
    return { ...(await this.#ledger.scope(this.#innerOf(name))), scope: name };
  }

  async commit(proposal: Proposal): Promise<CommitAnswer> {
    const { checks = [], mutations = [], quotas } = proposal;
    const answer = await this.#ledger.commit({
      ...proposal,
      checks: checks.map((check) => this.#checkIn(check)),
      mutations: mutations.map((mutation): Mutation => this.#in(mutation)),
      quotas: quotas?.map((quota) => this.#in(quota)),
    });
    if (answer.kind === 'committed') return answer;
    const failures = answer.failures.map((failure) => {
      return { ...failure, check: checks[failure.index] ?? failure.check };
    });
    return { ...answer, failures };
  }

  async log(after: LogArguments[0], options: LogArguments[1] = {}): Promise<LogPage> {
    return this.#pageOut(await this.#ledger.log(after, this.#filterIn(options)));
  }

  /** Refuses what is not the worker's at once, as the ledgers below do. */
  watch(options: WatchArguments[0] = {}): AsyncIterable<LogPage> {
    return this.#pagesOut(this.#ledger.watch(this.#filterIn(options)));
  }

  pin(): Promise<Pin> {
    return Promise.reject(notOffered('pins'));
  }

  erase(ref: Ref): Promise<{ readonly existed: boolean; readonly changes: number }> {
    return this.#ledger.erase(this.#in(ref));
  }

  heartbeat(): Promise<void> {
    return Promise.reject(notOffered('memberships'));
  }

  members(): Promise<readonly Member[]> {
    return Promise.reject(notOffered('memberships'));
  }

  #innerOf(name: unknown): string {
    const inner = typeof name === 'string' ? this.#inner.get(name) : undefined;
    if (inner !== undefined) return inner;
    const text = `a worker's scopes are ${[...this.#inner.keys()].join(' and ')}`;
    throw new HoldfastError('invalid_name', text, { details: { kind: 'scope' } });
  }

  #in<T extends { readonly scope: string }>(named: T): T {
    return { ...named, scope: this.#innerOf(named.scope) };
  }

  #out<T extends { readonly scope: string }>(named: T): T {
    return { ...named, scope: this.#outer.get(named.scope) ?? '' };
  }

  #checkIn(check: Check): Check {
    if (check.kind === 'epoch') throw notOffered('memberships');
    return this.#in(check);
  }

  #filterIn<T extends { readonly scope?: string | undefined }>(filter: T): T {
    return { ...filter, scope: this.#innerOf(filter.scope) };
  }

  async *#pagesOut(pages: AsyncIterable<LogPage>): AsyncGenerator<LogPage, void, undefined> {
    for await (const page of pages) yield this.#pageOut(page);
  }

  #pageOut(page: LogPage): LogPage {
    if (page.kind !== 'commits') return page;
    const commits = page.commits.map((commit) => {
      return { ...commit, changes: commit.changes.map((change) => this.#out(change)) };
    });
    return { ...page, commits };
  }
}

function notOffered(what: string): HoldfastError {
  return new HoldfastError('unsupported', `a worker of a request has no ${what}`);
}
