/**
 * A list inside a transaction. Its appends are conflicts with those of others, so keep such
 * transactions short; the transaction tries again.
 */
import type { ScopeHost, Transaction, ValueCodec } from '../scopes/index.ts';
import { headMutation, headOf } from './head.ts';
import type { Head, ListLife } from './head.ts';
import { headRef, itemKey } from './keyspace.ts';
import { encodeItems } from './list-items.ts';
import { planAppend } from './list-writer.ts';

export class ListInTransaction<In, Out> {
  readonly #tx: Transaction;
  readonly #host: ScopeHost;
  readonly #scope: string;
  readonly #codec: ValueCodec<In, Out>;
  readonly #ttlMs: ListLife;

  constructor(
    tx: Transaction,
    host: ScopeHost,
    scope: string,
    codec: ValueCodec<In, Out>,
    ttlMs: ListLife,
  ) {
    this.#tx = tx;
    this.#host = host;
    this.#scope = scope;
    this.#codec = codec;
    this.#ttlMs = ttlMs;
  }

  /**
   * Stages items for the end of the list. Its promise may be left alone.
   *
   * @example
   * await app.transact((tx) => list.in(tx).append('hello', 'world'));
   * await list.range(); // => ['hello', 'world']
   */
  append(...items: readonly In[]): Promise<void> {
    const encoding = encodeItems(this.#codec, items);
    // Own writes before this one are staged; awaiting them from inside would never end.
    const seeing = this.#head();
    encoding.catch(() => undefined);
    seeing.catch(() => undefined);
    return this.#tx.stage(async () => {
      const [stored, head] = [await encoding, await seeing];
      const scope = this.#scope;
      const plan = await planAppend(this.#host, scope, head, stored.length, this.#ttlMs);
      this.#tx.add(headMutation(scope, plan.head, plan.head.ttlMs));
      const schema = this.#codec.version;
      for (const [offset, value] of stored.entries()) {
        const key = itemKey(head.next + offset);
        this.#tx.add({ kind: 'set', scope, key, value, ttlMs: plan.itemLife, schema });
      }
    });
  }

  /**
   * How many items there are, own appends included.
   *
   * @example
   * await list.append('hello');
   * await app.transact((tx) => list.in(tx).length()); // => 1
   */
  async length(): Promise<number> {
    const { first, next } = await this.#head();
    return next - first;
  }

  /**
   * The item of an index, or undefined; negative indexes count from the end.
   *
   * @example
   * await list.append('hello', 'world');
   * await app.transact((tx) => list.in(tx).get(-1)); // => 'world'
   */
  async get(index: number): Promise<Out | undefined> {
    const { first, next } = await this.#head();
    const wanted = index < 0 ? next + index : index;
    if (wanted < first || wanted >= next) return undefined;
    const item = await this.#tx.see({ scope: this.#scope, key: itemKey(wanted) });
    return item && this.#codec.decode(item);
  }

  /**
   * The newest `count` items, oldest first, own appends included.
   *
   * @example
   * await list.append('a', 'b', 'c');
   * await app.transact((tx) => list.in(tx).tail(2)); // => ['b', 'c']
   */
  async tail(count: number): Promise<Out[]> {
    const { first, next } = await this.#head();
    const from = Math.max(first, next - count);
    const indexes = Array.from({ length: next - from }, (_, offset) => from + offset);
    const items = await Promise.all(indexes.map((index) => this.get(index)));
    return items as Out[];
  }

  /** With the version that is stored, whatever this transaction has made of the head. */
  async #head(): Promise<Head> {
    const ref = headRef(this.#scope);
    const seen = await this.#tx.see(ref);
    const stored = await this.#tx.read(ref);
    return headOf(seen && { version: stored?.version ?? 0, value: seen.value });
  }
}
