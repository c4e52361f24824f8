/**
 * A scope's values kept in this process, for reads that need not ask each time.
 *
 * H1. What it hands out was the value at some moment of the last `maxStaleMs`, or was read for the
 *     call. That holds whatever becomes of the watch, the connection or the process: age is counted
 *     from before the value was asked for, and a machine that slept counts its sleep.
 * H2. While the watch runs, a change by anybody takes the value out soon after its commit. What was
 *     written through this object is out when the write resolves.
 * H3. Memory is bounded, by entries and by the stored size of what is kept.
 *
 * That a key is missing is kept, too. For reads that must be of now, ask the scope.
 */
import { LRUCache } from 'lru-cache';
import type { Timer } from '../../internal/clock.ts';
import type { Entry, LogPage, Operation } from '../../ledger/index.ts';
import type { Scope, ScopeHost, WriteOptions, Written } from '../scopes/index.ts';
import { checkAmount } from './recipe-app.ts';
import type { RecipeApp } from './recipe-app.ts';

export interface CachedScopeOptions {
  /** Nothing older than this is handed out. */
  readonly maxStaleMs: number;
  /** Default 10,000. */
  readonly maxEntries?: number | undefined;
  /** Bytes of keys and stored values. Default 16 MiB. */
  readonly maxBytes?: number | undefined;
}

interface Kept {
  /** Undefined if there is none. */
  readonly entry: Entry | undefined;
  readonly since: Moment;
}

/** By both clocks: monotonic time may sleep with the machine. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** A read that is under way; `outdated` if its key changed meanwhile. */
interface Reading {
  readonly key: string;
  outdated: boolean;
}

const maxEntriesDefault = 10_000;
const maxBytesDefault = 16 * 1024 * 1024;
/** Between a watch that failed and the next one. */
const againMs = 1000;

export class CachedScope<In = unknown, Out = In> implements Disposable {
  readonly name: string;
  readonly #host: ScopeHost;
  readonly #scope: Scope<In, Out>;
  readonly #maxStaleMs: number;
  readonly #kept: LRUCache<string, Kept>;
  readonly #readings = new Set<Reading>();
  readonly #abort = new AbortController();
  #again: Timer | undefined;

  /** Begins to watch the scope; `close` ends it. Throws `invalid_argument`. */
  constructor({ host }: RecipeApp, scope: Scope<In, Out>, options: CachedScopeOptions) {
    const { maxStaleMs, maxEntries = maxEntriesDefault, maxBytes = maxBytesDefault } = options;
    checkAmount(maxStaleMs, 'maxStaleMs');
    checkAmount(maxEntries, 'maxEntries');
    checkAmount(maxBytes, 'maxBytes');
    host.checkOwn(scope);
    this.name = scope.name;
    this.#host = host;
    this.#scope = scope;
    this.#maxStaleMs = maxStaleMs;
    this.#kept = new LRUCache<string, Kept>({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: ({ entry }, key) => entry?.size ?? key.length,
    });
    void this.#follow();
  }

  /**
   * The value of a key, or undefined. A value of its own for each caller.
   * Throws `schema_mismatch`, and `unavailable` or `busy` if it has to ask and cannot.
   *
   * @example
   * using users = new CachedScope(app, app.scope<number>('users'), { maxStaleMs: 1000 });
   * await users.get('ada'); // => undefined
   * await users.set('ada', 7);
   * await users.get('ada'); // => 7
   */
  async get(key: string): Promise<Out | undefined> {
    const [entry] = await this.#entries([key]);
    return entry && this.#scope.codec.decode(entry);
  }

  /**
   * The values of several keys, in their order. They need not be of one moment.
   *
   * @example
   * using users = new CachedScope(app, app.scope<number>('users'), { maxStaleMs: 1000 });
   * await users.set('ada', 7);
   * await users.getMany(['ada', 'bob']); // => [7, undefined]
   */
  async getMany(keys: readonly string[]): Promise<(Out | undefined)[]> {
    const entries = await this.#entries(keys);
    return Promise.all(entries.map(async (entry) => entry && this.#scope.codec.decode(entry)));
  }

  /**
   * Writes through to the scope.
   *
   * @example
   * using users = new CachedScope(app, app.scope<number>('users'), { maxStaleMs: 1000 });
   * (await users.set('ada', 7)).change; // => 'created'
   */
  set(key: string, value: In, options?: WriteOptions): Promise<Written> {
    return this.#through(key, this.#scope.set(key, value, options));
  }

  /**
   * Updates through to the scope.
   *
   * @example
   * using users = new CachedScope(app, app.scope<number>('users'), { maxStaleMs: 1000 });
   * await users.update('ada', (visits = 0) => visits + 1);
   * await users.get('ada'); // => 1
   */
  update(
    key: string,
    change: readonly Operation[] | ((current: Out | undefined) => In),
    options?: WriteOptions,
  ): Promise<Written> {
    return this.#through(key, this.#scope.update(key, change, options));
  }

  /**
   * Deletes through to the scope; tells whether there was something.
   *
   * @example
   * using users = new CachedScope(app, app.scope<number>('users'), { maxStaleMs: 1000 });
   * await users.delete('ada'); // => false
   */
  delete(key: string): Promise<boolean> {
    return this.#through(key, this.#scope.delete(key));
  }

  /**
   * Ends the watch and forgets everything. Reads go on, at the price of the scope's own. `using`
   * does it by itself.
   *
   * @example
   * const users = new CachedScope(app, app.scope<number>('users'), { maxStaleMs: 1000 });
   * users.close();
   */
  close(): void {
    this.#abort.abort();
    this.#again?.cancel();
    this.#forgetAll();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #entries(keys: readonly string[]): Promise<(Entry | undefined)[]> {
    const found = keys.map((key) => {
      const kept = this.#kept.get(key);
      return kept !== undefined && this.#isGood(kept.since) ? kept : undefined;
    });
    const missing = keys.filter((_, index) => found[index] === undefined);
    const read = missing.length === 0 ? [] : await this.#read(missing);
    let next = 0;
    return found.map((kept) => {
      if (kept !== undefined) return kept.entry;
      next += 1;
      return read[next - 1];
    });
  }

  async #read(keys: readonly string[]): Promise<readonly (Entry | undefined)[]> {
    const since = this.#moment();
    const readings = keys.map((key): Reading => ({ key, outdated: false }));
    for (const reading of readings) this.#readings.add(reading);
    try {
      const refs = keys.map((key) => ({ scope: this.name, key }));
      const entries = await this.#host.reads.readAll(refs);
      for (const [index, { key, outdated }] of readings.entries()) {
        // The watch may have told of a change that this read did not see.
        if (outdated || this.#abort.signal.aborted) continue;
        this.#kept.set(key, { entry: entries[index], since });
      }
      return entries;
    } finally {
      for (const reading of readings) this.#readings.delete(reading);
    }
  }

  async #through<T>(key: string, write: Promise<T>): Promise<T> {
    try {
      return await write;
    } finally {
      // A write that failed may have happened all the same.
      this.#forget(key);
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const { position } = await this.#host.ledger.head();
      this.#forgetAll();
      const options = { scope: this.name, keysOnly: true, after: position, signal };
      for await (const page of this.#host.ledger.watch(options)) this.#heed(page);
    } catch {
      // Until it watches again, age alone bounds what is handed out.
    }
    if (signal.aborted) return;
    this.#again = this.#host.clock.after(againMs, () => void this.#follow());
  }

  #heed(page: LogPage): void {
    if (page.kind !== 'commits') return;
    for (const { changes } of page.commits) {
      for (const { scope, key } of changes) if (scope === this.name) this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#kept.delete(key);
    for (const reading of this.#readings) if (reading.key === key) reading.outdated = true;
  }

  #forgetAll(): void {
    this.#kept.clear();
    for (const reading of this.#readings) reading.outdated = true;
  }

  #moment(): Moment {
    const { clock } = this.#host;
    return { monotonic: clock.monotonic(), wall: clock.now() };
  }

  #isGood(since: Moment): boolean {
    const { monotonic, wall } = this.#moment();
    return monotonic - since.monotonic <= this.#maxStaleMs && wall - since.wall <= this.#maxStaleMs;
  }
}
