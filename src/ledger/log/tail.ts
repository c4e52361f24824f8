/**
 * The moving end of a log, read once per process and shared by all its watchers.
 *
 * W1. Watchers pull: a slow one costs a writer nothing, and holds no memory but its position.
 * W2. Recent commits are served from a bounded ring; whoever is behind it reads the log itself.
 * W3. Hints only wake. A lost one is made up for by a slow poll; the log alone says what happened.
 */
import { present } from '../../internal/assert.ts';
import type { Engine } from '../../engine/index.ts';
import type { Clock, Timer } from '../../internal/clock.ts';
import type { LogPage } from '../commit.ts';
import type { ChangeFilter, WatchOptions } from '../ledger.ts';
import { origin } from '../position.ts';
import type { Position } from '../position.ts';
import { tuning } from '../group/tuning.ts';
import type { NamedChange, NamedCommit } from './decode.ts';
import { positionOf } from './reader.ts';
import type { LogReader } from './reader.ts';

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
  #wakers = new Set<() => void>();
  /** Counts hints, so that one that came while a watcher was reading is not lost to it. */
  #hints = 0;
  /** How many of them there were when the last reading began. */
  #filledHints = 0;
  #filling: Promise<void> | undefined;
  #poll: Timer | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(engine: Engine, ledger: string, reader: LogReader, clock: Clock) {
    this.#engine = engine;
    this.#ledger = ledger;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Wakes those who wait for the log to move. */
  hint(): void {
    this.#hints += 1;
    const wakers = this.#wakers;
    this.#wakers = new Set();
    for (const wake of wakers) wake();
  }

  /** The engine is gone: whoever waits is woken to learn it, and nobody polls any more. */
  close(): void {
    this.#isClosed = true;
    this.#poll?.cancel();
    this.hint();
  }

  /** Forgets what it holds of recent values. */
  clear(): void {
    this.#ring = [];
    this.#from = this.#end.revision;
  }

  async *watch(options: WatchOptions, start: Promise<Position>): AsyncGenerator<LogPage> {
    try {
      this.#enter();
      let at = await start;
      let told = at.revision;
      while (options.signal?.aborted !== true) {
        const { page, hints } = await this.#page(at, options);
        if (page.kind !== 'commits') {
          yield page;
          return;
        }
        at = page.through;
        if (page.commits.length > 0 || at.revision - told >= tuning.watchTellsAfter) {
          told = at.revision;
          yield page;
        } else if (at.revision >= page.head.revision) await this.#moved(hints, options.signal);
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
      const changes = commit.changes.filter((change) => matches(change, filter));
      if (changes.length > 0) commits.push({ ...commit, changes: bare(changes, filter) });
    }
    const resolved = await this.#reader.resolve(commits, filter);
    return { page: { kind: 'commits', commits: resolved, through: end, head: end }, hints };
  }

  /** Reads what was committed since the ring's end; one read serves all who ask meanwhile. */
  #fill(): Promise<void> {
    if (this.#filling === undefined) {
      const hints = this.#hints;
      this.#filling = this.#readOn().finally(() => {
        this.#filling = undefined;
        this.#filledHints = hints;
      });
    }
    return this.#filling;
  }

  async #readOn(): Promise<void> {
    if (this.#end === origin) {
      const { head } = await this.#engine.read(this.#ledger, []);
      this.#end = positionOf(head);
      this.#from = head.revision;
      return;
    }
    const page = await this.#reader.named(this.#end.revision, {}, this.#end);
    if (page.kind !== 'commits') {
      // The end itself is gone: start over from the head; watchers learn it from the log.
      this.#end = page.head;
      this.#ring = [];
      this.#from = page.head.revision;
      return;
    }
    for (const commit of page.commits) this.#ring.push(commit);
    this.#end = page.through;
    const surplus = this.#ring.length - tuning.ringCommits;
    if (surplus > 0) this.#from = this.#ring.splice(0, surplus).at(-1)?.revision ?? this.#from;
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

  /** Resolves at the next hint after `hints` of them, or when the signal aborts. */
  #moved(hints: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#hints !== hints || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        this.#wakers.delete(wake);
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
      this.#wakers.add(wake);
    });
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
    this.#ring = [];
    this.#end = origin;
  }

  #pollLater(): void {
    if (this.#isClosed) return;
    this.#poll = this.#clock.after(pollMs, () => {
      this.hint();
      this.#pollLater();
    });
  }
}

function matches(change: NamedChange, { scope, key, prefix }: ChangeFilter): boolean {
  if (scope !== undefined && change.scope !== scope) return false;
  if (key !== undefined && change.key !== key) return false;
  return prefix === undefined || change.key.startsWith(prefix);
}

function bare(changes: NamedChange[], { keysOnly }: ChangeFilter): NamedChange[] {
  if (keysOnly !== true) return changes;
  return changes.map(({ operations: _, ...change }) => ({
    ...change,
    value: undefined,
    previous: change.previous && { ...change.previous, value: undefined },
  }));
}
