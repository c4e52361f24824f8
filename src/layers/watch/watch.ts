/**
 * What `watch` gives: events, one after the other, until it is stopped or cannot go on.
 *
 * Ends by `return` (leaving a `for await`), by its signal, or after `trimmed` or `regressed`.
 * Throws what the ledger refuses (`closed`, a right that is missing); what passes (`unavailable`,
 * `busy`) it waits out.
 */
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { ChangeKind, Ledger, Position } from '../../ledger/index.ts';
import type { Found } from './feed.ts';
import type { Patience } from '../../internal/patience.ts';
import type { Ask, SnapshotPage, SnapshotPages } from './snapshot.ts';
import type { WatchEnd, WatchEvent, WatchedEntry } from './watch-options.ts';
import { WatchedChange } from './watched-change.ts';
import type { Decode } from './watched-change.ts';
import type { Watcher } from './watcher.ts';

export interface WatchParts<Out> {
  readonly ledger: Ledger;
  readonly patience: Patience;
  /** Where to begin, if there is no snapshot. */
  readonly start: Promise<Position>;
  readonly snapshot: ((ask: Ask) => SnapshotPages) | undefined;
  readonly kinds: ReadonlySet<ChangeKind> | undefined;
  readonly internal: boolean;
  readonly batchMax: number;
  readonly batchMs: number;
  readonly signal: AbortSignal | undefined;
  /** Undefined: values pass as they are. */
  readonly decode: Decode<Out> | undefined;
  watcher(start: Position, signal: AbortSignal): Watcher;
}

type Next<Out> = IteratorResult<WatchEvent<Out>, undefined>;
const done = { done: true, value: undefined } as const;

export class Watch<Out = unknown> implements AsyncIterableIterator<WatchEvent<Out>, undefined> {
  readonly #parts: WatchParts<Out>;
  readonly #stop = new AbortController();
  readonly #onAbort = (): void => this.#end();
  #turn: Promise<unknown> = Promise.resolve();
  #snapshot: SnapshotPages | undefined;
  #watcher: Watcher | undefined;
  #position: Position | undefined;
  /** Found and not yet given: of one page, so bounded. */
  #held: Found[] = [];
  #heldThrough: Position | undefined;
  #over = false;

  constructor(parts: WatchParts<Out>) {
    this.#parts = parts;
    this.#snapshot = parts.snapshot?.((call) => this.#ask(call));
    if (this.#snapshot === undefined) void this.#begin(parts.start);
    parts.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (parts.signal?.aborted === true) this.#end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Where a later watch can go on: all before it was given or did not match. It moves on while
   * nothing matches. Undefined as long as it is not known where the watch begins.
   */
  get position(): Position | undefined {
    // Only while it waits is nothing under way that was not given yet.
    const isIdle = !this.#over && this.#watcher?.isWaiting === true;
    return isIdle ? this.#watcher?.position : this.#position;
  }

  /** Whoever asks for an event is told if it cannot be known. */
  async #begin(start: Promise<Position>): Promise<void> {
    const position = await start.catch(() => undefined);
    this.#position ??= position;
  }

  /**
   * The next event, once there is one; done when the watch is over. Calls wait for each other.
   *
   * @example
   * await scope.set('ada', 1);
   * const watch = scope.watch({ snapshot: true });
   * (await watch.next()).value; // => { kind: 'snapshot', entries: [{ key: 'ada', value: 1 }] }
   * await watch.return();
   */
  next(): Promise<Next<Out>> {
    const turn = this.#turn.then(() => this.#next());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Ends the watch and lets go of what it holds; a `next` that waits is done. So does a `break`.
   *
   * @example
   * const watch = scope.watch();
   * await watch.return();
   * (await watch.next()).done; // => true
   */
  async return(): Promise<Next<Out>> {
    this.#end();
    return done;
  }

  async #next(): Promise<Next<Out>> {
    if (this.#over) return done;
    try {
      const event =
        this.#snapshot === undefined ? await this.#ofChanges() : await this.#ofSnapshot();
      // What was found before the end came is not of interest any more.
      if (event === undefined || this.#over) return done;
      if (event.kind === 'changes') this.#position = event.position;
      if (event.kind === 'trimmed' || event.kind === 'regressed') this.#end();
      return { done: false, value: event };
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async #ofSnapshot(): Promise<WatchEvent<Out> | undefined> {
    let page: SnapshotPage | undefined;
    try {
      page = (await this.#snapshot?.next())?.value ?? undefined;
    } catch (error) {
      const cut = isHoldfastError(error, 'trimmed') || isHoldfastError(error, 'regressed');
      if (this.#over) return undefined;
      if (!cut) throw error;
      return this.#lost(error.code as WatchEnd['kind']);
    }
    if (page === undefined || this.#over) return undefined;
    if (page.isLast) {
      await this.#snapshot?.return();
      this.#snapshot = undefined;
    }
    const { position, isLast } = page;
    // A snapshot that is left halfway is no place to go on from.
    if (isLast) this.#position = position;
    return { kind: 'snapshot', entries: await this.#entriesOf(page), position, isLast };
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    const answer = await this.#parts.patience.until(call, this.#stop.signal);
    if (answer !== undefined) return answer;
    throw new HoldfastError('aborted', 'the watch was stopped');
  }

  async #lost(kind: WatchEnd['kind']): Promise<WatchEnd> {
    return { kind, head: (await this.#parts.ledger.head()).position };
  }

  async #ofChanges(): Promise<WatchEvent<Out> | undefined> {
    const { signal } = this.#stop;
    const start = this.#position ?? (await this.#parts.start);
    if (signal.aborted) return undefined;
    const watcher = (this.#watcher ??= this.#parts.watcher(start, signal));
    while (!signal.aborted) {
      if (this.#held.length === 0) {
        const end = await this.#gather(watcher);
        if (end !== undefined) return end;
      }
      if (this.#held.length > 0) return this.#batch();
    }
    return undefined;
  }

  /** Fills what is held from the watcher, waiting as the options say. */
  async #gather(watcher: Watcher): Promise<WatchEnd | undefined> {
    const first = await watcher.pull();
    if (first === undefined) return undefined;
    if (first.kind !== 'found') return first;
    this.#hold(first.found, first.through);
    const { batchMs, batchMax } = this.#parts;
    if (batchMs === 0 || this.#held.length === 0 || this.#held.length >= batchMax) return undefined;
    await this.#parts.patience.sleep(batchMs, this.#stop.signal);
    const more = await watcher.pullReady();
    // An end that is met here is met again by the next event.
    if (more?.kind === 'found') this.#hold(more.found, more.through);
    return undefined;
  }

  #hold(found: readonly Found[], through: Position): void {
    const { kinds, internal } = this.#parts;
    for (const { commit, changes } of found) {
      const wanted = changes.filter(
        ({ kind, scope }) => (kinds?.has(kind) ?? true) && (internal || !scope.startsWith('$')),
      );
      if (wanted.length > 0) this.#held.push({ commit, changes: wanted });
    }
    this.#heldThrough = through;
  }

  async #batch(): Promise<WatchEvent<Out>> {
    let count = 0;
    let commits = 0;
    for (const { changes } of this.#held) {
      if (commits > 0 && count + changes.length > this.#parts.batchMax) break;
      count += changes.length;
      commits += 1;
    }
    const taken = this.#held.splice(0, commits);
    const isAll = this.#held.length === 0;
    const position = (isAll ? this.#heldThrough : undefined) ?? taken.at(-1)?.commit.position;
    const changes: WatchedChange<Out>[] = [];
    for (const { commit, changes: ofCommit } of taken) {
      for (const change of ofCommit) changes.push(new WatchedChange<Out>(commit, change));
    }
    const { decode } = this.#parts;
    if (decode !== undefined) for (const change of changes) await change.decodeWith(decode);
    return { kind: 'changes', changes, position: position as Position };
  }

  async #entriesOf({ entries }: SnapshotPage): Promise<WatchedEntry<Out>[]> {
    const { decode } = this.#parts;
    const found: WatchedEntry<Out>[] = [];
    for (const { scope, key, version, createdAt, updatedAt, expiresAt, schema, value } of entries) {
      const judged = decode !== undefined && value !== undefined;
      const shown = judged ? await decode({ key, schema, value }) : (value?.decode() as Out);
      found.push({ scope, key, version, createdAt, updatedAt, expiresAt, value: shown });
    }
    return found;
  }

  #end(): void {
    if (this.#over) return;
    this.#position = this.position;
    this.#over = true;
    this.#parts.signal?.removeEventListener('abort', this.#onAbort);
    this.#stop.abort();
    this.#held = [];
    // A snapshot that is given up lets go of the log.
    void this.#snapshot?.return().catch(() => undefined);
  }
}
