/**
 * Reading a scope: values of one type under text keys.
 *
 * G1. A read sees every write that was acknowledged before it, of any process.
 * G2. Values are fresh copies: nothing done to them reaches the store.
 * G3. A default replaces absence only; a stored null is a value.
 * G4. An iteration shows the scope as it was when its first page was read, however long it takes;
 *     an entry that expired meanwhile is left out.
 * G5. A value that the schema refuses is `schema_mismatch`, never handed out, never deleted.
 *
 * Any read may throw `unavailable` or `busy`: an outage is never a "missing".
 */
import { isHoldfastError } from '../../errors/index.ts';
import type { Entry, Ledger, ScanQuery } from '../../ledger/index.ts';
import type { Quotas } from './declared-quotas.ts';
import { ItemStream, leftOut } from './item-stream.ts';
import type { Taken } from './item-stream.ts';
import { followWatch } from '../watch/index.ts';
import type { ScopeWatchOptions, Watch, WatchEvent, Watching } from '../watch/index.ts';
import type { ScopeHost } from './scope-host.ts';
import { pagesOf } from './scan.ts';
import type {
  EntriesOptions,
  KeysOptions,
  RangeOptions,
  ScopeEntry,
  ScopeOptions,
  ScopePage,
} from './scope-options.ts';
import { ValueCodec } from './values/value-codec.ts';
import type { Encoded } from './values/value-codec.ts';

const pageSizeDefault = 500;

export class ReadableScope<In = unknown, Out = In> {
  readonly name: string;
  /** Milliseconds that a write lives unless it says otherwise. */
  readonly ttlMs: number | undefined;
  /** Judges and migrates values; for layers that read or write the scope's entries themselves. */
  readonly codec: ValueCodec<In, Out>;
  /** What proposals that write here carry. */
  readonly quotas: Quotas;
  protected readonly host: ScopeHost;

  constructor(host: ScopeHost, name: string, options: ScopeOptions<In, Out> = {}) {
    this.host = host;
    this.name = name;
    this.ttlMs = options.ttlMs;
    this.quotas = host.quotas.declare(name, options.quota);
    this.codec = new ValueCodec(`scope '${name}'`, options);
  }

  /**
   * The value of a key, or `fallback` (undefined if left out) where there is no entry.
   * Reads of one tick share a round trip. Throws `schema_mismatch`.
   *
   * @example
   * await scope.set('ada', 7);
   * await scope.get('ada'); // => 7
   * await scope.get('bob', 0); // => 0
   */
  get(key: string): Promise<Out | undefined>;
  get<Fallback>(key: string, fallback: Fallback): Promise<Out | Fallback>;
  get<Fallback>(key: string, fallback?: Fallback): Promise<Out | Fallback | undefined> {
    return this.host.reads.read<Out | Fallback | undefined>(this.name, key, (entry) =>
      entry === undefined ? fallback : this.codec.decode(entry),
    );
  }

  /**
   * The values of several keys, in their order, as of one moment (up to 1,000 keys).
   * Throws `schema_mismatch` if the schema refuses one of them.
   *
   * @example
   * await scope.setMany({ ada: 7, bob: 9 });
   * await scope.getMany(['bob', 'cy', 'ada']); // => [9, undefined, 7]
   */
  async getMany(keys: readonly string[]): Promise<(Out | undefined)[]> {
    const { name, codec } = this;
    const entries = await this.host.reads.readAll(keys.map((key) => ({ scope: name, key })));
    if (codec.isPlain) return entries.map((entry) => entry && (codec.decode(entry) as Out));
    return Promise.all(entries.map(async (entry) => entry && codec.decode(entry)));
  }

  /**
   * A key's value with its version and times, or undefined. Throws `schema_mismatch`.
   *
   * @example
   * const { version } = await scope.set('ada', 7);
   * const entry = await scope.entry('ada');
   * entry?.value; // => 7
   * entry?.version === version; // => true
   * entry?.expiresAt; // => undefined
   */
  entry(key: string): Promise<ScopeEntry<Out> | undefined> {
    return this.host.reads.read(this.name, key, (entry) =>
      entry === undefined ? undefined : this.opened(entry),
    );
  }

  /**
   * Whether there is an entry. Its value is not looked at.
   *
   * @example
   * await scope.set('ada', 7);
   * await scope.has('ada'); // => true
   * await scope.has('bob'); // => false
   */
  has(key: string): Promise<boolean> {
    return this.host.reads.read(this.name, key, (entry) => entry !== undefined);
  }

  /**
   * The entries in key order, page by page. Throws `schema_mismatch` at an entry that the schema
   * refuses (see `onRefused`), and `trimmed` if it takes longer than the log is kept.
   *
   * @example
   * await scope.setMany({ a1: 1, a2: 2, b1: 3 });
   * for await (const { key, value } of scope.entries({ prefix: 'a', reverse: true })) {
   *   console.log(key, value);
   * }
   * const found = await Array.fromAsync(scope.entries({ from: 'a2' }));
   * found.map(({ key }) => key); // => ['a2', 'b1']
   */
  entries(options: EntriesOptions = {}): AsyncGenerator<ScopeEntry<Out>, void, undefined> {
    return this.#stream(options, (item) => this.opened(item));
  }

  /**
   * The keys in order; values are not even read.
   *
   * @example
   * await scope.setMany({ b: 1, a: 2 });
   * await Array.fromAsync(scope.keys()); // => ['a', 'b']
   */
  keys(options: KeysOptions = {}): AsyncGenerator<string, void, undefined> {
    const query = { ...this.query(options), keysOnly: true } as const;
    const pages = pagesOf((page) => this.host.ledger.scan(page), query, options);
    return new ItemStream(pages, ({ key }) => key);
  }

  /**
   * The values in key order. Throws like `entries`.
   *
   * @example
   * await scope.setMany({ b: 1, a: 2 });
   * await Array.fromAsync(scope.values()); // => [2, 1]
   */
  values(options: EntriesOptions = {}): AsyncGenerator<Out, void, undefined> {
    return this.#stream(options, (item) => this.codec.decode(item));
  }

  /**
   * One page of entries and the cursor of the next, for callers that page themselves. All pages of
   * one chain of cursors show the same state. Throws like `entries`.
   *
   * @example
   * await scope.setMany({ a: 1, b: 2, c: 3 });
   * const first = await scope.page({ limit: 2 });
   * const rest = await scope.page({ limit: 2, cursor: first.cursor });
   * rest.entries.map(({ key }) => key); // => ['c']
   * rest.cursor; // => undefined
   */
  async page(options: EntriesOptions = {}): Promise<ScopePage<Out>> {
    const query = this.query({ ...options, pageSize: options.limit ?? options.pageSize });
    const { items, cursor } = await this.host.ledger.scan(query);
    const open = passingOver((item) => this.opened(item), options.onRefused);
    const entries: ScopeEntry<Out>[] = [];
    for (const item of items) {
      const entry = await open(item);
      if (entry !== leftOut) entries.push(entry);
    }
    return { entries, cursor };
  }

  /**
   * How many entries there are: O(1) for the whole scope, as many steps as entries for a part of
   * it.
   *
   * @example
   * await scope.setMany({ a1: 1, a2: 2, b1: 3 });
   * await scope.count(); // => 3
   * await scope.count({ prefix: 'a' }); // => 2
   */
  async count(range?: RangeOptions): Promise<number> {
    const bounded = range?.prefix !== undefined || range?.from !== undefined;
    if (!bounded && range?.to === undefined) {
      return (await this.host.ledger.scope(this.name)).entries;
    }
    const query = { ...this.query({ ...range, pageSize: 10_000 }), keysOnly: true } as const;
    let count = 0;
    for await (const items of pagesOf((page) => this.host.ledger.scan(page), query, {})) {
      count += items.length;
    }
    return count;
  }

  /**
   * Follows the changes of the scope, of one key or of a prefix, without gap or duplicate: as an
   * iterator of events, or with a handler that is called with one event after the other. Begins
   * now, after a position, or with a snapshot. Says `trimmed` or `regressed` where it cannot go on.
   * Values that the schema refuses throw `schema_mismatch` when they are read.
   *
   * @example
   * await scope.set('ada', 1);
   * const seen: string[] = [];
   * for await (const event of scope.watch({ snapshot: true })) {
   *   if (event.kind === 'snapshot') await scope.set('ada', 2);
   *   if (event.kind !== 'changes') continue;
   *   for (const { kind, key, value } of event.changes) seen.push(`${kind} ${key}: ${value}`);
   *   break;
   * }
   * seen; // => ['updated ada: 2']
   */
  watch(options?: ScopeWatchOptions): Watch<Out>;
  watch(options: ScopeWatchOptions, handler: (event: WatchEvent<Out>) => unknown): Watching;
  watch(
    options: ScopeWatchOptions = {},
    handler?: (event: WatchEvent<Out>) => unknown,
  ): Watch<Out> | Watching {
    const { codec } = this;
    const decode = codec.isPlain ? undefined : (entry: Encoded) => codec.decode(entry);
    const watch = this.host.watches.watch({ ...options, scope: this.name }, decode);
    return handler === undefined ? watch : followWatch(watch, handler);
  }

  /** The ledger that it is a scope of. For layers. */
  get ledger(): Ledger {
    return this.host.ledger;
  }

  protected query({ prefix, from, to, reverse, cursor, pageSize }: KeysOptions): ScanQuery {
    const limit = pageSize ?? pageSizeDefault;
    return { scope: this.name, prefix, from, to, reverse, cursor, limit };
  }

  #stream<T>(
    options: EntriesOptions,
    open: (item: Entry) => T | Promise<T>,
  ): AsyncGenerator<T, void, undefined> {
    const query = this.query(options);
    const pages = pagesOf((page) => this.host.ledger.scan(page), query, options);
    return new ItemStream(pages, passingOver(open, options.onRefused));
  }

  /** A promise only if the schema is asynchronous. */
  protected opened(entry: Entry): ScopeEntry<Out> | Promise<ScopeEntry<Out>> {
    const value = this.codec.decode(entry);
    if (!(value instanceof Promise)) return holding(entry, value);
    return value.then((settled) => holding(entry, settled));
  }
}

function holding<Out>(entry: Entry, value: Out): ScopeEntry<Out> {
  const { key, version, createdAt, updatedAt, expiresAt, schema, size } = entry;
  return { key, version, createdAt, updatedAt, expiresAt, schema, size, value };
}

/** Leaves out what the schema refuses and tells of it, if somebody wants to be told. */
function passingOver<T>(
  open: (item: Entry) => T | Promise<T>,
  onRefused: EntriesOptions['onRefused'],
): (item: Entry) => Taken<T> | Promise<Taken<T>> {
  if (onRefused === undefined) return open;
  return (item) => {
    const refused = (error: unknown): typeof leftOut => {
      if (!isHoldfastError(error, 'schema_mismatch')) throw error;
      onRefused(error, item.key);
      return leftOut;
    };
    try {
      const opened = open(item);
      return opened instanceof Promise ? opened.catch(refused) : opened;
    } catch (error) {
      return refused(error);
    }
  };
}
