/**
 * Reading a list. What an item is worth depends on the list's head: without one there is no list,
 * and what is older than the head belongs to an earlier list of the same name.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Entry, Ledger } from '../../ledger/index.ts';
import { pagesOf, ValueCodec } from '../scopes/index.ts';
import type { ScopeHost } from '../scopes/index.ts';
import { headOf, noHead } from './head.ts';
import type { Head } from './head.ts';
import { headRef, indexOf, itemKey, itemsEnd, scopeOf } from './keyspace.ts';
import type { ListBounds, ListEntriesOptions, ListItem, ListOptions } from './list-options.ts';

const pageSizeDefault = 500;

interface HeadMoment extends Head {
  /** When this list began: what is older belongs to an earlier one. */
  readonly createdAt: number;
}

export class ReadableList<In = unknown, Out = In> {
  readonly name: string;
  /** Judges and migrates items; for layers. */
  readonly codec: ValueCodec<In, Out>;
  protected readonly host: ScopeHost;
  protected readonly scope: string;

  constructor(host: ScopeHost, name: string, options: ListOptions<In, Out>) {
    this.name = name;
    this.codec = new ValueCodec(`list '${name}'`, options);
    this.host = host;
    this.scope = scopeOf(name);
  }

  /** The ledger that it is a list of. For layers. */
  get ledger(): Ledger {
    return this.host.ledger;
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
    const scope = this.scope;
    let wanted = index;
    if (index < 0) {
      const { first, next } = await this.bounds();
      wanted = next + index;
      if (wanted < first) return undefined;
    }
    const refs = [headRef(scope), { scope, key: itemKey(wanted) }];
    const [head, item] = await this.host.ledger.read(refs);
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
    return this.host.reads.read(this.scope, headRef(this.scope).key, (entry) => {
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
    const { ledger } = this.host;
    const query = {
      scope: this.scope,
      from: itemKey(from),
      to: to === undefined ? itemsEnd : itemKey(to),
      reverse,
      limit: Math.min(pageSize, limit ?? pageSize),
    };
    if (limit === 0 || (to !== undefined && to <= from)) return;
    const reading = this.host.reads.read(this.scope, headRef(this.scope).key, momentOf);
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
}

function momentOf(entry: Entry | undefined): HeadMoment {
  if (entry === undefined) return { ...noHead, createdAt: Infinity };
  return { ...headOf(entry), createdAt: entry.createdAt };
}

/** Whether an item is of the list that this head leads, and not of an earlier one. */
function belongs(item: Entry, head: HeadMoment): boolean {
  return item.updatedAt >= head.createdAt;
}

export function checkWhole(value: number, what: string, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new HoldfastError('invalid_argument', `${what} must be a whole number, not ${value}`, {
    details: { [what]: value },
  });
}
