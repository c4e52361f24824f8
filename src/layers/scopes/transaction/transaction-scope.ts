/** A scope inside a transaction: reads are checked at the commit, writes wait for it. */
import { compareText } from '../../../internal/text-order.ts';
import { checkOperations, limits, StoredValue } from '../../../ledger/index.ts';
import type { Entry, Operation } from '../../../ledger/index.ts';
import { operated } from '../rewriting/rewrite.ts';
import type { Scope } from '../scope.ts';
import type { ScopeHost } from '../scope-host.ts';
import type { RangeOptions, TimeToLive } from '../scope-options.ts';
import { pagesOf } from '../scan.ts';
import type { Seen, Transaction } from './transaction.ts';

const pageSize = 500;

export interface StagedWriteOptions {
  readonly ttlMs?: TimeToLive | undefined;
}

export interface TransactionEntriesOptions extends RangeOptions {
  readonly reverse?: boolean | undefined;
}

/**
 * Writes take effect at the commit; the transaction's own reads see them at once. A write's promise
 * need not be awaited: a refused write fails the transaction.
 */
export class TransactionScope<In, Out> {
  readonly name: string;
  readonly #tx: Transaction;
  readonly #host: ScopeHost;
  readonly #scope: Scope<In, Out>;

  constructor(tx: Transaction, host: ScopeHost, scope: Scope<In, Out>) {
    this.name = scope.name;
    this.#tx = tx;
    this.#host = host;
    this.#scope = scope;
  }

  /**
   * The value of a key, or `fallback` where there is none. Throws `schema_mismatch`.
   *
   * @example
   * await app.transact((tx) => tx.scope(scope).get('ada', 0)); // => 0
   */
  get(key: string): Promise<Out | undefined>;
  get<Fallback>(key: string, fallback: Fallback): Promise<Out | Fallback>;
  async get<Fallback>(key: string, fallback?: Fallback): Promise<Out | Fallback | undefined> {
    const seen = await this.#tx.see({ scope: this.name, key });
    return seen === undefined ? fallback : this.#scope.codec.decode(seen);
  }

  /**
   * Whether there is an entry.
   *
   * @example
   * const claimed = await app.transact(async (tx) => {
   *   const claims = tx.scope(scope);
   *   if (await claims.has('ada')) return false;
   *   await claims.set('ada', 1);
   *   return true;
   * });
   * claimed; // => true
   */
  async has(key: string): Promise<boolean> {
    return (await this.#tx.see({ scope: this.name, key })) !== undefined;
  }

  /**
   * Stages a value. Throws `schema_mismatch` and `invalid_value`, which fail the transaction.
   *
   * @example
   * await app.transact((tx) => tx.scope(scope).set('ada', 7, { ttlMs: 60_000 }));
   * await scope.get('ada'); // => 7
   */
  set(key: string, value: In, options: StagedWriteOptions = {}): Promise<void> {
    let encoded: unknown;
    try {
      encoded = this.#scope.codec.encode(key, value);
      // Detached here: what the caller does to its value while earlier writes wait has no effect.
      if (!(encoded instanceof Promise)) encoded = StoredValue.of(encoded, limits.valueBytesMax);
    } catch (error) {
      return this.#tx.stage(() => {
        throw error;
      });
    }
    return this.#tx.stage(() => {
      if (!(encoded instanceof Promise)) return this.#addSet(key, encoded, options);
      return encoded.then((accepted) => this.#addSet(key, accepted, options));
    });
  }

  /**
   * Stages a removal; nothing happens to a key that is missing.
   *
   * @example
   * await scope.set('ada', 7);
   * await app.transact((tx) => tx.scope(scope).delete('ada'));
   * await scope.has('ada'); // => false
   */
  delete(key: string): Promise<void> {
    return this.#tx.stage(() => {
      this.#tx.add({ kind: 'delete', scope: this.name, key });
      return undefined;
    });
  }

  /**
   * Gives the entry, if there is one, a new time to live; null for none.
   *
   * @example
   * await scope.set('ada', 7);
   * await app.transact((tx) => tx.scope(scope).touch('ada', 60_000));
   * (await scope.entry('ada'))?.expiresAt; // => expect.any(Number)
   */
  touch(key: string, ttlMs: number | null): Promise<void> {
    return this.#tx.stage(() => {
      this.#tx.add({ kind: 'touch', scope: this.name, key, ttlMs });
      return undefined;
    });
  }

  /**
   * Stages operations. Without a schema they are applied to whatever is there at the commit, so two
   * transactions that increment one key do not conflict; with one, the key is read and checked.
   *
   * @example
   * await app.transact((tx) => tx.scope(scope).update('ada', [{ op: 'increment', by: 2 }]));
   * await scope.get('ada'); // => 2
   */
  update(
    key: string,
    operations: readonly Operation[],
    options: StagedWriteOptions = {},
  ): Promise<void> {
    const { codec } = this.#scope;
    const ttlMs = options.ttlMs === undefined ? this.#scope.ttlMs : options.ttlMs;
    if (codec.isPlain) {
      return this.#tx.stage(() => {
        const kept = ttlMs === 'keep' ? undefined : ttlMs;
        this.#tx.add({ kind: 'update', scope: this.name, key, operations, ttlMs: kept });
        return undefined;
      });
    }
    // The own writes before this one are staged, and awaiting them from inside would never end.
    const ref = { scope: this.name, key };
    const before = this.#tx.see(ref);
    before.catch(() => undefined);
    return this.#tx.stage(async () => {
      const seen = await before;
      const next = operated(seen && codec.migrated(seen), checkOperations(operations), ref);
      if (next === undefined) return this.#tx.add({ kind: 'delete', ...ref });
      const encoded = await codec.encode(key, next as In);
      this.#addSet(key, encoded, { ttlMs: ttlMs === undefined ? 'keep' : ttlMs });
    });
  }

  /**
   * Keys and values in order, own writes included. From here on every change of the scope by
   * others, new keys too, is a conflict. Own writes made during the iteration need not show in it.
   *
   * @example
   * await scope.setMany({ ada: 7, bob: 2 });
   * await app.transact(async (tx) => {
   *   const visits = tx.scope(scope);
   *   let total = 0;
   *   for await (const { value } of visits.entries()) total += value;
   *   await visits.set('total', total);
   * });
   * await scope.get('total'); // => 9
   */
  async *entries(
    options: TransactionEntriesOptions = {},
  ): AsyncGenerator<{ readonly key: string; readonly value: Out }, void, undefined> {
    for await (const seen of this.#scan(options)) {
      yield { key: seen.key, value: await this.#scope.codec.decode(seen) };
    }
  }

  /**
   * Keys in order, own writes included; otherwise like `entries`.
   *
   * @example
   * await scope.setMany({ ada: 7, bob: 2 });
   * await app.transact((tx) => Array.fromAsync(tx.scope(scope).keys())); // => ['ada', 'bob']
   */
  async *keys(options: TransactionEntriesOptions = {}): AsyncGenerator<string, void, undefined> {
    for await (const { key } of this.#scan(options)) yield key;
  }

  /**
   * How many entries there are, own writes included. Like `entries`, it watches the whole scope.
   *
   * @example
   * await scope.set('ada', 7);
   * await app.transact((tx) => tx.scope(scope).count()); // => 1
   */
  async count(range: RangeOptions = {}): Promise<number> {
    const { prefix, from, to } = range;
    await this.#tx.settle();
    const staged = this.#tx.stagedIn(this.name);
    if (prefix !== undefined || from !== undefined || to !== undefined || staged !== undefined) {
      let count = 0;
      for await (const _ of this.#scan(range)) count += 1;
      return count;
    }
    const { position } = await this.#host.ledger.head();
    const { entries } = await this.#host.ledger.scope(this.name);
    this.#tx.expectUnchanged(this.name, position);
    return entries;
  }

  /** The stored entries in order, merged with what is staged. */
  async *#scan(options: TransactionEntriesOptions): AsyncGenerator<Seen, void, undefined> {
    await this.#tx.settle();
    const direction = options.reverse === true ? -1 : 1;
    const own = this.#ownKeys(options, direction);
    let next = 0;
    for await (const stored of this.#stored(options)) {
      let key = own[next];
      for (; key !== undefined && compareText(key, stored.key) * direction < 0; key = own[next]) {
        yield* this.#ownView(key, undefined);
        next += 1;
      }
      if (key === stored.key) next += 1;
      yield* this.#ownView(stored.key, stored);
    }
    for (const key of own.slice(next)) yield* this.#ownView(key, undefined);
  }

  async *#stored(options: TransactionEntriesOptions): AsyncGenerator<Entry, void, undefined> {
    const { prefix, from, to, reverse } = options;
    const query = { scope: this.name, prefix, from, to, reverse, limit: pageSize };
    const scan = async (page: typeof query) => {
      const found = await this.#host.ledger.scan(page);
      this.#tx.expectUnchanged(this.name, found.position);
      return found;
    };
    for await (const items of pagesOf(scan, query, {})) yield* items;
  }

  #ownKeys({ prefix, from, to }: RangeOptions, direction: number): string[] {
    const keys = [...(this.#tx.stagedIn(this.name)?.keys() ?? [])];
    return keys
      .filter((key) => prefix === undefined || key.startsWith(prefix))
      .filter((key) => from === undefined || compareText(key, from) >= 0)
      .filter((key) => to === undefined || compareText(key, to) < 0)
      .sort((a, b) => compareText(a, b) * direction);
  }

  *#ownView(key: string, stored: Entry | undefined): Generator<Seen> {
    const staged = this.#tx.stagedIn(this.name)?.get(key);
    const seen = staged === undefined ? stored : this.#tx.seen(key, staged, stored);
    if (seen !== undefined) yield seen;
  }

  #addSet(key: string, value: unknown, options: StagedWriteOptions): undefined {
    const { codec, ttlMs: scopeTtlMs, name: scope } = this.#scope;
    const ttlMs = options.ttlMs === undefined ? scopeTtlMs : (options.ttlMs ?? undefined);
    this.#tx.add({ kind: 'set', scope, key, value, ttlMs, schema: codec.version });
  }
}
