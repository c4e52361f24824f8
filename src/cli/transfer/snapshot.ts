/**
 * All entries of a ledger as of one moment, however long it takes to read them.
 *
 * S1. The log is pinned where the snapshot was taken, and every scan shows that position: what
 *     others write meanwhile is rolled back.
 * S2. Scopes come by name, entries by key, both by UTF-8 bytes: the same state gives the same
 *     order.
 * S3. Memory holds one page of values and the names of scopes that changed since, nothing more.
 *     Keys are read first to learn how large the values are.
 */
import { compareText } from '../../internal/text-order.ts';
import { isHoldfastError } from '../../errors/index.ts';
import { cursorAt } from '../../ledger/index.ts';
import type { Entry, EntryHead, Ledger, Page, Position } from '../../ledger/index.ts';

const pageEntries = 500;
const pageBytes = 1024 * 1024;
const pageScopes = 1000;
const pinMs = 60_000;
const renewMs = 20_000;

export interface SnapshotOptions {
  /** Names the hold on the log; one per reader. */
  readonly pin: string;
  monotonic(): number;
  /**
   * A reader who may not hold the log, nor read it, is shown what it may see all the same: without
   * scopes that others empty meanwhile, and no longer than the log is kept anyway.
   */
  readonly asFarAsAllowed?: boolean | undefined;
}

export class Snapshot {
  readonly position: Position;
  /** Entries at that moment, those of layers included. */
  readonly entries: number;
  readonly #ledger: Ledger;
  readonly #options: SnapshotOptions;
  readonly #changed = new Set<string>();
  #seen: Position;
  #renewAt: number;
  #canPin = true;

  private constructor(
    ledger: Ledger,
    position: Position,
    entries: number,
    options: SnapshotOptions,
  ) {
    this.#ledger = ledger;
    this.position = position;
    this.entries = entries;
    this.#options = options;
    this.#seen = position;
    this.#renewAt = -Infinity;
  }

  static async take(ledger: Ledger, options: SnapshotOptions): Promise<Snapshot> {
    const { position, entries } = await ledger.head();
    const snapshot = new Snapshot(ledger, position, entries, options);
    await snapshot.hold();
    return snapshot;
  }

  /** As of a position that the log still reaches back to. */
  static async at(ledger: Ledger, position: Position, options: SnapshotOptions): Promise<Snapshot> {
    const { entries } = await ledger.head();
    const snapshot = new Snapshot(ledger, position, entries, options);
    await snapshot.hold();
    return snapshot;
  }

  async *read(): AsyncGenerator<Entry> {
    // Before its first commit a ledger is empty, and nothing can be rolled back to that.
    if (this.position.revision === 0) return;
    for await (const scope of this.#scopes()) yield* this.#scan(scope);
  }

  async release(): Promise<void> {
    if (this.#canPin) await this.#ledger.pin(this.#options.pin, this.position, 0);
  }

  async *#scopes(): AsyncGenerator<string> {
    let cursor: string | undefined;
    let last: string | undefined;
    do {
      const page = await this.#ledger.scopes({ internal: true, limit: pageScopes, cursor });
      cursor = page.cursor;
      // A scope that was emptied since has left the list, but not the log.
      await this.#learnChanges();
      const end = cursor === undefined ? undefined : page.items.at(-1)?.scope;
      const names = new Set(page.items.map(({ scope }) => scope));
      for (const scope of this.#changed) {
        const isBehind = last === undefined || compareText(scope, last) > 0;
        if (isBehind && (end === undefined || compareText(scope, end) <= 0)) names.add(scope);
      }
      yield* [...names].sort(compareText);
      last = end ?? last;
    } while (cursor !== undefined);
  }

  async *#scan(scope: string): AsyncGenerator<Entry> {
    let cursor: string | undefined = cursorAt(this.position);
    while (cursor !== undefined) {
      await this.hold();
      const heads: Page<EntryHead> = await this.#ledger.scan({
        scope,
        cursor,
        limit: pageEntries,
        keysOnly: true,
      });
      let start = 0;
      while (start < heads.items.length) {
        const end = endOfPage(heads.items, start);
        const limit: number = end - start;
        const page: Page<Entry> = await this.#ledger.scan({ scope, cursor, limit });
        yield* page.items;
        if (page.cursor === undefined) return;
        cursor = page.cursor;
        start = end;
      }
      if (heads.items.length === 0) cursor = heads.cursor;
    }
  }

  async #learnChanges(): Promise<void> {
    for (;;) {
      const page = await this.#ledger
        .log(this.#seen, { keysOnly: true })
        .catch((error: unknown) => {
          if (this.#isUnasked(error)) return undefined;
          throw error;
        });
      if (page?.kind !== 'commits') return;
      for (const { changes } of page.commits) {
        for (const { scope } of changes) this.#changed.add(scope);
      }
      this.#seen = page.through;
      if (page.through.revision >= page.head.revision) return;
    }
  }

  /** Renews the hold on the log, once it is time to. Reading does so by itself. */
  async hold(): Promise<void> {
    const now = this.#options.monotonic();
    if (!this.#canPin || now < this.#renewAt || this.position.revision === 0) return;
    try {
      await this.#ledger.pin(this.#options.pin, this.position, pinMs);
    } catch (error) {
      // A store that cannot be written is not trimmed by this process either.
      if (!isHoldfastError(error, 'store_read_only') && !this.#isUnasked(error)) throw error;
      this.#canPin = false;
    }
    this.#renewAt = now + renewMs;
  }

  #isUnasked(error: unknown): boolean {
    return this.#options.asFarAsAllowed === true && isHoldfastError(error, 'forbidden');
  }
}

/** Behind the last entry that fits into a page with the one at `start`. */
function endOfPage(heads: readonly { readonly size: number }[], start: number): number {
  let bytes = 0;
  let end = start;
  for (; end < heads.length; end += 1) {
    bytes += heads[end]?.size ?? 0;
    if (end > start && bytes > pageBytes) break;
  }
  return end;
}
