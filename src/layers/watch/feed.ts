/**
 * One stream of a ledger's changes, shared by many watchers.
 *
 * F1. A watcher that has joined has seen everything up to where the feed is, or waits for it.
 * F2. A watcher that is busy when something for it comes is let go at the position before it: from
 *     then on it costs nothing, and reads the log by itself when it asks again.
 * F3. A feed that nobody has joined reads nothing.
 * F4. When its stream breaks the feed goes on from where it was; watchers notice nothing.
 */
import { isHoldfastError } from '../../errors/index.ts';
import { WatcherIndex } from '../../ledger/index.ts';
import type { Change, ChangeFilter, Commit, Ledger, Place, Position } from '../../ledger/index.ts';
import type { Patience } from '../../internal/patience.ts';
import { RecentCommits } from './recent-commits.ts';

/** What a watcher wants of one commit. */
export interface Found {
  readonly commit: Commit;
  readonly changes: Change[];
}

export interface Subscriber {
  readonly place: Place;
  /** Whether it waits for the next changes. */
  readonly isWaiting: boolean;
  /** The revision up to which it has seen everything before it joined. */
  readonly joinedAt: number;
  receive(found: readonly Found[], through: Position): void;
  /** Something came while it was busy: all before `position` is done, the rest is in the log. */
  miss(position: Position): void;
  /** The stream is over: what follows `position` is to be asked of the log. */
  interrupt(position: Position, error: unknown): void;
}

export class Feed {
  readonly filter: ChangeFilter;
  readonly #ledger: Ledger;
  readonly #patience: Patience;
  readonly #joined = new WatcherIndex<Subscriber>();
  readonly #recent = new RecentCommits();
  /** Everything up to here was handed out. */
  #through: Position;
  #stream: AbortController | undefined;

  constructor(ledger: Ledger, filter: ChangeFilter, patience: Patience, start: Position) {
    this.#ledger = ledger;
    this.filter = filter;
    this.#patience = patience;
    this.#through = start;
  }

  get through(): Position {
    return this.#through;
  }

  /** False if something may lie between `at` and what the feed hands out next. */
  join(subscriber: Subscriber, at: Position): boolean {
    if (this.#stream !== undefined && at.revision < this.#through.revision) return false;
    this.#joined.add(subscriber);
    if (this.#stream === undefined) this.#start(at);
    return true;
  }

  leave(subscriber: Subscriber): void {
    this.#joined.delete(subscriber);
    this.#restIfAlone();
  }

  /** What came since, if that is remembered. */
  since(position: Position): readonly Commit[] | undefined {
    if (this.#stream === undefined || position.incarnation !== this.#through.incarnation) {
      return undefined;
    }
    return this.#recent.since(position.revision);
  }

  #start(at: Position): void {
    const stream = new AbortController();
    this.#stream = stream;
    this.#through = at;
    this.#recent.restart(at.revision);
    void this.#run(stream.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const wait = this.#patience.begin();
    while (!signal.aborted) {
      try {
        for await (const page of this.#ledger.watch({
          ...this.filter,
          after: this.#through,
          signal,
        })) {
          if (signal.aborted) return;
          wait.reset();
          if (page.kind !== 'commits') return this.#end(undefined);
          this.#handOut(page.commits, page.through);
        }
        // Ended by the other side: ask again, not at once.
        if (!signal.aborted) await wait.pause(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!isHoldfastError(error) || !error.retryable) return this.#end(error);
        await wait.pause(signal);
      }
    }
  }

  #handOut(commits: readonly Commit[], through: Position): void {
    const before = this.#through;
    const shares = new Map<Subscriber, Found[]>();
    for (const commit of commits) {
      const { revision } = commit.position;
      for (const change of commit.changes) {
        this.#joined.visit(change.scope, change.key, (subscriber) => {
          if (revision <= subscriber.joinedAt) return;
          const share = shares.get(subscriber);
          if (share === undefined) shares.set(subscriber, [{ commit, changes: [change] }]);
          else addTo(share, commit, change);
        });
      }
    }
    this.#recent.add(commits, through.revision);
    this.#through = through;
    for (const [subscriber, found] of shares) {
      if (subscriber.isWaiting) subscriber.receive(found, through);
      else {
        this.#joined.delete(subscriber);
        subscriber.miss(before);
      }
    }
    this.#restIfAlone();
  }

  #end(error: unknown): void {
    this.#rest();
    for (const subscriber of this.#joined.all()) {
      this.#joined.delete(subscriber);
      subscriber.interrupt(this.#through, error);
    }
  }

  #restIfAlone(): void {
    if (this.#joined.size === 0) this.#rest();
  }

  #rest(): void {
    this.#stream?.abort();
    this.#stream = undefined;
    this.#recent.restart(0);
  }
}

function addTo(share: Found[], commit: Commit, change: Change): void {
  const last = share.at(-1);
  if (last?.commit === commit) last.changes.push(change);
  else share.push({ commit, changes: [change] });
}
