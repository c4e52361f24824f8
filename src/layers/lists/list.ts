/**
 * An append-only sequence: messages, events, steps of a run.
 *
 * L1. An append costs its items, however long the list is.
 * L2. Indexes have no gaps, start at 0 and follow the order of commits, whichever processes append
 *     at once; nothing that was appended is lost or overwritten.
 * L3. An index names one item for as long as the list lives: trimming renumbers nothing.
 * L4. A list with a time to live is gone as a whole, at once.
 *
 * Any call may throw `busy`, `unavailable` or `outcome_unknown`, as the writes of a scope do.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Entry, Mutation } from '../../ledger/index.ts';
import { pagesOf, ValueCodec } from '../scopes/index.ts';
import type { ScopeHost, Transaction } from '../scopes/index.ts';
import { headMutation, headOf, noHead, renewItems } from './head.ts';
import type { Head } from './head.ts';
import { headRef, indexOf, itemKey, itemsEnd, scopeOf } from './keyspace.ts';
import { ListInTransaction } from './list-in-transaction.ts';
import type {
  Appended,
  ListBounds,
  ListEntriesOptions,
  ListItem,
  ListOptions,
  Trim,
} from './list-options.ts';
import { encodeItems } from './list-items.ts';
import type { ListWriter } from './list-writer.ts';

const pageSizeDefault = 500;
const trimmedPerCommit = 900;

interface HeadMoment extends Head {
  /** When this list began: what is older belongs to an earlier one. */
  readonly createdAt: number;
}

export class List<In = unknown, Out = In> {
  readonly name: string;
  /** Judges and migrates items; for layers. */
  readonly codec: ValueCodec<In, Out>;
  readonly #host: ScopeHost;
  readonly #scope: string;
  readonly #ttlMs: number | null | undefined;
  readonly #writer: () => ListWriter;

  /** `writer` gives the list's one writer in this process. */
  constructor(
    host: ScopeHost,
    name: string,
    options: ListOptions<In, Out>,
    writer: () => ListWriter,
  ) {
    this.name = name;
    this.codec = new ValueCodec(`list '${name}'`, options);
    this.#host = host;
    this.#scope = scopeOf(name);
    this.#ttlMs = options.ttlMs;
    this.#writer = writer;
  }

  /**
   * Adds items at the end, all or none, and tells their indexes. At most 999 at once.
   * Throws `schema_mismatch` and `invalid_value` before anything is written.
   *
   * @example
   * const { from, to } = await list.append('hello', 'world');
   * [from, to]; // => [0, 2]
   */
  async append(...items: readonly In[]): Promise<Appended> {
    return this.appendAll(items);
  }

  /**
   * `append` for a list of items, with options.
   *
   * @example
   * await list.appendAll(['hello', 'world'], { durability: 'relaxed' });
   * await list.length(); // => 2
   */
  async appendAll(
    items: Iterable<In>,
    options: { readonly durability?: 'sync' | 'relaxed' | undefined } = {},
  ): Promise<Appended> {
    const stored = await encodeItems(this.codec, items);
    return this.#writer().append({
      host: this.#host,
      items: stored,
      schema: this.codec.version,
      ttlMs: this.#ttlMs,
      durability: options.durability,
    });
  }

  /**
   * The list inside a transaction: what is appended is committed with everything else in it.
   *
   * @example
   * await app.transact(async (tx) => {
   *   await tx.scope(scope).update('messages', [{ op: 'increment' }]);
   *   await list.in(tx).append('hello');
   * });
   * await list.length(); // => 1
   */
  in(tx: Transaction): ListInTransaction<In, Out> {
    return new ListInTransaction(tx, this.#host, this.#scope, this.codec, this.#ttlMs);
  }

  /**
   * The item of an index, or undefined. A negative index counts from the end: -1 is the last.
   * Throws `schema_mismatch`.
   *
   * @example
   * await list.append('a', 'b', 'c');
   * await list.get(1); // => 'b'
   * await list.get(-1); // => 'c'
   * await list.get(3); // => undefined
   */
  async get(index: number): Promise<Out | undefined> {
    checkWhole(index, 'index', -Infinity);
    const scope = this.#scope;
    let wanted = index;
    if (index < 0) {
      const { first, next } = await this.bounds();
      wanted = next + index;
      if (wanted < first) return undefined;
    }
    const refs = [headRef(scope), { scope, key: itemKey(wanted) }];
    const [head, item] = await this.#host.ledger.read(refs);
    return item !== undefined && belongs(item, momentOf(head))
      ? this.codec.decode(item)
      : undefined;
  }

  /**
   * How many items there are. O(1).
   *
   * @example
   * await list.append('a', 'b', 'c');
   * await list.length(); // => 3
   */
  async length(): Promise<number> {
    const { first, next } = await this.bounds();
    return next - first;
  }

  /**
   * The indexes that the list holds: first ≤ i < next. O(1).
   *
   * @example
   * await list.append('a', 'b', 'c');
   * await list.trim({ keepLast: 1 });
   * await list.bounds(); // => { first: 2, next: 3 }
   */
  bounds(): Promise<ListBounds> {
    return this.#host.reads.read(this.#scope, headRef(this.#scope).key, (entry) => {
      const { first, next } = headOf(entry);
      return { first, next };
    });
  }

  /**
   * The items of the indexes from ≤ i < to, oldest first; by default all of them, in memory.
   *
   * @example
   * await list.append('a', 'b', 'c', 'd');
   * await list.range(1, 3); // => ['b', 'c']
   * await list.range(2); // => ['c', 'd']
   */
  async range(from = 0, to?: number): Promise<Out[]> {
    const found: Out[] = [];
    for await (const { value } of this.entries({ from, to })) found.push(value);
    return found;
  }

  /**
   * The newest `count` items, oldest first.
   *
   * @example
   * await list.append('a', 'b', 'c');
   * await list.tail(2); // => ['b', 'c']
   */
  async tail(count: number): Promise<Out[]> {
    checkWhole(count, 'count', 0);
    const found: Out[] = [];
    for await (const { value } of this.entries({ reverse: true, limit: count })) found.push(value);
    return found.reverse();
  }

  /**
   * Items with their indexes, page by page, as they were when the first page was read.
   * Throws `schema_mismatch` at an item that the schema refuses.
   *
   * @example
   * await list.append('a', 'b', 'c');
   * const items = await Array.fromAsync(list.entries({ reverse: true, limit: 2 }));
   * items.map(({ index, value }) => [index, value]); // => [[2, 'c'], [1, 'b']]
   */
  async *entries(options: ListEntriesOptions = {}): AsyncGenerator<ListItem<Out>, void, undefined> {
    const { from = 0, to, reverse, limit, pageSize = pageSizeDefault } = options;
    checkWhole(from, 'from', 0);
    if (to !== undefined) checkWhole(to, 'to', 0);
    if (limit !== undefined) checkWhole(limit, 'limit', 0);
    const { ledger } = this.#host;
    const query = {
      scope: this.#scope,
      from: itemKey(from),
      to: to === undefined ? itemsEnd : itemKey(to),
      reverse,
      limit: Math.min(pageSize, limit ?? pageSize),
    };
    if (limit === 0 || (to !== undefined && to <= from)) return;
    const reading = this.#host.reads.read(this.#scope, headRef(this.#scope).key, momentOf);
    // The first page may fail first; then nobody is left to hear of this.
    reading.catch(() => undefined);
    let left = limit ?? Infinity;
    for await (const items of pagesOf((page) => ledger.scan(page), query, {})) {
      const head = await reading;
      for (const item of items) {
        if (!belongs(item, head)) continue;
        const value = await this.codec.decode(item);
        const createdAt = Math.max(item.createdAt, head.createdAt);
        yield { index: indexOf(item.key), value, createdAt };
        left -= 1;
        if (left === 0) return;
      }
    }
  }

  /**
   * All items, oldest first.
   *
   * @example
   * await list.append('a', 'b');
   * for await (const item of list) console.log(item);
   * await Array.fromAsync(list); // => ['a', 'b']
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Out, void, undefined> {
    for await (const { value } of this.entries()) yield value;
  }

  /**
   * Drops the oldest items and tells how many. Indexes stay. In steps of 900 items, each of which
   * leaves a whole list.
   *
   * @example
   * await list.append('a', 'b', 'c');
   * await list.trim({ keepLast: 2 }); // => 1
   * await list.trim({ before: 2 }); // => 1
   * await list.range(); // => ['c']
   */
  async trim(trim: Trim): Promise<number> {
    if ('keepLast' in trim) checkWhole(trim.keepLast, 'keepLast', 0);
    else checkWhole(trim.before, 'before', 0);
    return this.#shorten(({ next }) => ('keepLast' in trim ? next - trim.keepLast : trim.before));
  }

  /**
   * Removes all items and tells how many. The next item has index 0 again, unless somebody appended
   * meanwhile. Steps as in `trim`.
   *
   * @example
   * await list.append('a', 'b');
   * await list.clear(); // => 2
   * await list.append('c');
   * await list.get(0); // => 'c'
   */
  clear(): Promise<number> {
    return this.#shorten(({ next }) => next, true);
  }

  /**
   * Gives the whole list a new time to live, or none with null; later appends go by it. Costs a
   * write per item. Tells whether there is a list.
   *
   * @example
   * await list.append('a');
   * await list.touch(60_000); // => true
   */
  touch(ttlMs: number | null): Promise<boolean> {
    const { ledger } = this.#host;
    return this.#writer().step(this.#host, async (head) => {
      if (head.version === 0) return undefined;
      const { time } = await ledger.head();
      const life = ttlMs ?? undefined;
      await renewItems(ledger, this.#scope, head, life);
      const next = { first: head.first, next: head.next, ttlMs: life, renewedAt: time };
      return { head: next, mutations: [headMutation(this.#scope, next, life)] };
    });
  }

  /** Drops what lies below the index that `target` names for the list as it is at first. */
  async #shorten(target: (head: Head) => number, clears = false): Promise<number> {
    const scope = this.#scope;
    let end: number | undefined;
    let removed = 0;
    for (;;) {
      let dropped = 0;
      const stepped = await this.#writer().step(this.#host, (head) => {
        end ??= Math.min(head.next, target(head));
        const to = Math.min(end, head.first + trimmedPerCommit);
        if (head.version === 0 || to < head.first) return undefined;
        const isLast = clears && to === head.next;
        if (to === head.first && !isLast) return undefined;
        dropped = to - head.first;
        const next = { ...head, first: to };
        const mutations: Mutation[] = [
          isLast ? { kind: 'delete', ...headRef(scope) } : headMutation(scope, next, 'keep'),
        ];
        for (let index = head.first; index < to; index += 1) {
          mutations.push({ kind: 'delete', scope, key: itemKey(index) });
        }
        return { head: next, mutations };
      });
      if (!stepped) return removed;
      removed += dropped;
    }
  }
}

function momentOf(entry: Entry | undefined): HeadMoment {
  if (entry === undefined) return { ...noHead, createdAt: Infinity };
  return { ...headOf(entry), createdAt: entry.createdAt };
}

/** Whether an item is of the list that this head leads, and not of an earlier one. */
function belongs(item: Entry, head: HeadMoment): boolean {
  return item.updatedAt >= head.createdAt;
}

function checkWhole(value: number, what: string, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new HoldfastError('invalid_argument', `${what} must be a whole number, not ${value}`, {
    details: { [what]: value },
  });
}
