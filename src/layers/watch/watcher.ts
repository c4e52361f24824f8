/**
 * One place's changes from one position on, pulled.
 *
 * W1. Every matching change comes once and in order, or the answer says why that cannot be.
 * W2. While nobody asks it holds a position and nothing else, whatever is written.
 */
import { holds } from '../../ledger/index.ts';
import type { ChangeFilter, Commit, Ledger, Place, Position } from '../../ledger/index.ts';
import { deferred } from '../../internal/deferred.ts';
import type { Deferred } from '../../internal/deferred.ts';
import type { Feed, Found, Subscriber } from './feed.ts';
import type { Patience } from '../../internal/patience.ts';
import type { WatchEnd } from './watch-options.ts';

export type Pulled =
  | { readonly kind: 'found'; readonly found: readonly Found[]; readonly through: Position }
  | WatchEnd;

export interface WatcherParts {
  readonly ledger: Ledger;
  readonly patience: Patience;
  readonly place: Place;
  readonly keysOnly: boolean;
  readonly signal: AbortSignal;
  feed(): Feed;
}

export class Watcher implements Subscriber {
  readonly place: Place;
  readonly #parts: WatcherParts;
  readonly #filter: ChangeFilter;
  readonly #feed: Feed;
  /** Where it stands, as long as it has not joined its feed. */
  #position: Position;
  /** Whether the ledger itself has said that the position is of its history. */
  #isSound = false;
  #joinedAt: Position | undefined;
  #waiting: Deferred<Pulled | undefined> | undefined;

  constructor(parts: WatcherParts, start: Position) {
    this.#parts = parts;
    this.place = parts.place;
    this.#filter = { ...parts.place, keysOnly: parts.keysOnly };
    this.#feed = parts.feed();
    this.#position = start;
    parts.signal.addEventListener('abort', () => this.#stop(), { once: true });
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  get joinedAt(): number {
    return this.#joinedAt?.revision ?? 0;
  }

  /** Everything up to here was given or is of no concern. */
  get position(): Position {
    if (this.#joinedAt === undefined) return this.#position;
    const { through } = this.#feed;
    return through.revision > this.#joinedAt.revision ? through : this.#joinedAt;
  }

  /** The next changes; undefined once the signal has aborted. */
  async pull(): Promise<Pulled | undefined> {
    while (!this.#parts.signal.aborted) {
      const pulled = this.#joinedAt === undefined ? await this.#catchUp() : await this.#wait();
      if (pulled !== undefined && (pulled.kind !== 'found' || pulled.found.length > 0)) {
        return pulled;
      }
    }
    return undefined;
  }

  /** What has come already. */
  async pullReady(): Promise<Pulled | undefined> {
    return this.#joinedAt === undefined ? this.#catchUp() : undefined;
  }

  receive(found: readonly Found[], through: Position): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ kind: 'found', found, through });
  }

  miss(position: Position): void {
    const at = this.#joinedAt;
    this.#position = at !== undefined && at.revision > position.revision ? at : position;
    this.#joinedAt = undefined;
  }

  interrupt(position: Position, error: unknown): void {
    this.miss(position);
    this.#isSound = false;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve(undefined);
    else waiting?.reject(error);
  }

  #wait(): Promise<Pulled | undefined> {
    this.#waiting = deferred();
    return this.#waiting.promise;
  }

  /** A stretch of what it missed, and joins its feed once that is all. */
  async #catchUp(): Promise<Pulled | undefined> {
    const recent = this.#isSound ? this.#feed.since(this.#position) : undefined;
    if (recent !== undefined) {
      this.#join(this.#feed.through);
      return { kind: 'found', found: this.#matching(recent), through: this.position };
    }
    const { patience, ledger, signal } = this.#parts;
    const page = await patience.until(() => ledger.log(this.#position, this.#filter), signal);
    if (page === undefined) return undefined;
    if (page.kind !== 'commits') return page;
    this.#isSound = true;
    this.#position = page.through;
    if (page.through.revision >= page.head.revision) this.#join(page.through);
    const found = page.commits.map((commit) => ({ commit, changes: [...commit.changes] }));
    return { kind: 'found', found, through: page.through };
  }

  #join(at: Position): void {
    if (this.#parts.signal.aborted || !this.#feed.join(this, at)) return;
    this.#joinedAt = at;
  }

  #matching(commits: readonly Commit[]): Found[] {
    const found: Found[] = [];
    for (const commit of commits) {
      const changes = commit.changes.filter(({ scope, key }) => holds(this.place, scope, key));
      if (changes.length > 0) found.push({ commit, changes });
    }
    return found;
  }

  #stop(): void {
    const at = this.position;
    if (this.#joinedAt !== undefined) this.#feed.leave(this);
    this.#joinedAt = undefined;
    this.#position = at;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(undefined);
  }
}
