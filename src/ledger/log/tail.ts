/**
 * The moving end of a log, read once per process and shared by all its watchers.
 *
 * W1. Watchers pull: a slow one costs a writer nothing, and holds no memory but its position.
 * W2. Recent commits are served from a bounded ring; whoever is behind it reads the log itself.
 * W3. Hints only make it look. A lost one is made up for by a slow poll; the log alone says what
 *     happened.
 * W4. A commit wakes those who want one of its changes, and costs nothing for the others.
 */
import { present } from '../../internal/assert.ts';
import type { Engine } from '../../engine/index.ts';
import type { Clock, Timer } from '../../internal/clock.ts';
import type { LogPage } from '../commit.ts';
import type { ChangeFilter, WatchOptions } from '../ledger.ts';
import { origin } from '../position.ts';
import type { Position } from '../position.ts';
import { tuning } from '../group/tuning.ts';
import { withoutValues } from './decode.ts';
import type { NamedCommit } from './decode.ts';
import { positionOf } from './reader.ts';
import type { LogReader } from './reader.ts';
import { WaitingWatchers } from './waiting-watchers.ts';
import { holds } from './watcher-index.ts';

/** A lost hint delays a watcher by at most this long. */
const pollMs = 1000;

export class Tail {
  readonly #engine: Engine;
  readonly #ledger: string;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  /** Commits above #from up to #end.revision, oldest first. */
  #ring: NamedCommit[] = [];
  #from = 0;
  #end: Position = origin;
  #watchers = 0;
  #isClosed = false;
  readonly #waiting = new WaitingWatchers();
  /** Where those who wait were last told how far they have looked. */
  #told = 0;
  /** Whether the log goes on after what the last reading took. */
  #isBehind = false;
  /** Counts hints, so that one that came while the log was read is not lost. */
  #hints = 0;
  /** How many of them there were when the last reading began. */
  #filledHints = 0;
  #looking = false;
  #filling: Promise<void> | undefined;
  /** Counts how often all was forgotten: what was asked for before then is not to be kept. */
  #epoch = 0;
  #poll: Timer | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(engine: Engine, ledger: string, reader: LogReader, clock: Clock) {
    this.#engine = engine;
    this.#ledger = ledger;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** The log may have moved: looks, if anybody waits for that. */
  hint(): void {
    this.#hints += 1;
    if (this.#waiting.size > 0 && !this.#looking) void this.#look();
  }

  /** The engine is gone: whoever waits is woken to learn it, and nobody polls any more. */
  close(): void {
    this.#isClosed = true;
    this.#poll?.cancel();
    this.#waiting.wakeAll(this.#end);
  }

  /** Forgets what it holds of recent values. */
  clear(): void {
    this.#forget();
    this.#from = this.#end.revision;
  }

  /** Its `return` ends a `next` that waits, too. */
  watch(options: WatchOptions, start: Promise<Position>): AsyncIterableIterator<LogPage> {
    const leaving = new AbortController();
    const { signal } = options;
    const leave = (): void => leaving.abort();
    if (signal?.aborted === true) leave();
    signal?.addEventListener('abort', leave, { once: true });
    const pages = this.#pages(options, start, leaving.signal);
    const iterator: AsyncIterableIterator<LogPage> = {
      [Symbol.asyncIterator]: () => iterator,
      next: async () => {
        const step = await pages.next();
        if (step.done === true) signal?.removeEventListener('abort', leave);
        return step;
      },
      return: () => {
        leave();
        signal?.removeEventListener('abort', leave);
        return pages.return(undefined);
      },
    };
    return iterator;
  }

  async *#pages(
    options: WatchOptions,
    start: Promise<Position>,
    leaving: AbortSignal,
  ): AsyncGenerator<LogPage> {
    try {
      this.#enter();
      let at = await start;
      let told = at.revision;
      while (!leaving.aborted) {
        const { page, hints } = await this.#page(at, options);
        if (page.kind !== 'commits') {
          yield page;
          return;
        }
        at = page.through;
        if (page.commits.length > 0 || at.revision - told >= tuning.watchTellsAfter) {
          told = at.revision;
          yield page;
        } else if (at.revision >= page.head.revision) {
          at = await this.#moved(at, options, hints, leaving);
        }
      }
    } finally {
      this.#leave();
    }
  }

  /** A page with the number of hints that it surely has made good. */
  async #page(at: Position, filter: ChangeFilter): Promise<{ page: LogPage; hints: number }> {
    await this.#fill();
    const hints = this.#filledHints;
    const inRing = this.#ring.length > 0 && at.revision >= this.#from;
    const isKnown = inRing && at.revision <= this.#end.revision && this.#reader.covers(at);
    if (!isKnown) return { page: await this.#reader.page(at, filter), hints };
    // While the values are loaded others may move the ring's end on: this page ends here.
    const end = this.#end;
    const commits: NamedCommit[] = [];
    for (const commit of this.#since(at.revision)) {
      const changes = commit.changes.filter(({ scope, key }) => holds(filter, scope, key));
      if (changes.length > 0)
        commits.push({
          ...commit,
          changes: filter.keysOnly === true ? changes.map(withoutValues) : changes,
        });
    }
    const { commits: resolved, isWhole } = await this.#reader.resolve(commits, filter);
    // What was trimmed or erased since, the log itself tells.
    if (!isWhole) return { page: await this.#reader.page(at, filter), hints };
    return { page: { kind: 'commits', commits: resolved, through: end, head: end }, hints };
  }

  /** Reads what was committed since the ring's end; one read serves all who ask meanwhile. */
  #fill(): Promise<void> {
    if (this.#filling === undefined) {
      const hints = this.#hints;
      const filling = this.#readOn().finally(() => {
        if (this.#filling !== filling) return;
        this.#filling = undefined;
        this.#filledHints = hints;
      });
      this.#filling = filling;
    }
    return this.#filling;
  }

  async #readOn(): Promise<void> {
    const epoch = this.#epoch;
    if (this.#end === origin) {
      const { head } = await this.#engine.read(this.#ledger, []);
      if (epoch !== this.#epoch) return;
      this.#end = positionOf(head);
      this.#from = head.revision;
      this.#told = head.revision;
      return;
    }
    const seen = this.#end;
    const page = await this.#reader.named(seen.revision, {}, seen);
    if (epoch !== this.#epoch) return;
    if (page.kind !== 'commits') {
      // The end itself is gone: start over from the head; watchers learn it from the log.
      this.#end = page.head;
      this.#ring = [];
      this.#from = page.head.revision;
      this.#isBehind = false;
      this.#waiting.wakeAll(seen);
      return;
    }
    for (const commit of page.commits) this.#ring.push(commit);
    this.#end = page.through;
    this.#isBehind = page.through.revision < page.head.revision;
    const surplus = this.#ring.length - tuning.ringCommits;
    if (surplus > 0) this.#from = this.#ring.splice(0, surplus).at(-1)?.revision ?? this.#from;
    this.#tell(page.commits, seen);
  }

  /** Wakes those who want what was read, and all of them once in a while to tell how far it is. */
  #tell(commits: readonly NamedCommit[], seen: Position): void {
    if (this.#end.revision - this.#told < tuning.watchTellsAfter) {
      this.#waiting.found(commits, seen);
      return;
    }
    this.#told = this.#end.revision;
    this.#waiting.wakeAll(seen);
  }

  #since(revision: number): NamedCommit[] {
    let low = 0;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (present(this.#ring[middle], 'a commit').revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#ring.slice(low);
  }

  /** Resolves once there may be more for a watcher at `at` that has made good `hints` of them. */
  async #moved(
    at: Position,
    filter: ChangeFilter,
    hints: number,
    leaving: AbortSignal,
  ): Promise<Position> {
    const isStale = this.#hints !== hints || this.#isBehind || at.revision < this.#end.revision;
    return isStale || this.#isClosed ? at : this.#waiting.wait(filter, at, leaving);
  }

  /** Reads on for those who wait, until every hint is made good. */
  async #look(): Promise<void> {
    this.#looking = true;
    try {
      do await this.#fill();
      while (this.#waiting.size > 0 && (this.#filledHints !== this.#hints || this.#isBehind));
    } catch {
      // Whoever waits meets the failure itself, and tells it to whom it concerns.
      this.#waiting.wakeAll(this.#end);
    } finally {
      this.#looking = false;
    }
  }

  #enter(): void {
    this.#watchers += 1;
    if (this.#watchers > 1) return;
    this.#unsubscribe = this.#engine.subscribe((ledger) => {
      if (ledger === this.#ledger) this.hint();
    });
    this.#pollLater();
  }

  #leave(): void {
    this.#watchers -= 1;
    if (this.#watchers > 0) return;
    this.#unsubscribe?.();
    this.#poll?.cancel();
    this.#forget();
    this.#end = origin;
    this.#isBehind = false;
  }

  #forget(): void {
    this.#epoch += 1;
    this.#filling = undefined;
    this.#ring = [];
  }

  #pollLater(): void {
    if (this.#isClosed) return;
    this.#poll = this.#clock.after(pollMs, () => {
      this.hint();
      this.#pollLater();
    });
  }
}
