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
import type { Check, Mutation, StoredValue } from '../../ledger/index.ts';
import type { ScopeHost, Transaction } from '../scopes/index.ts';
import { headMutation, headOf, renewItems } from './head.ts';
import type { Head } from './head.ts';
import { headRef, itemKey } from './keyspace.ts';
import { ListInTransaction } from './list-in-transaction.ts';
import { encodeItems } from './list-items.ts';
import type { Appended, ListOptions, Trim } from './list-options.ts';
import { planAppend } from './list-writer.ts';
import type { ListWriter } from './list-writer.ts';
import { checkWhole, ReadableList } from './readable-list.ts';

const trimmedPerCommit = 900;

export class List<In = unknown, Out = In> extends ReadableList<In, Out> {
  readonly #ttlMs: number | null | undefined;
  readonly #writer: () => ListWriter;

  /** `writer` gives the list's one writer in this process. */
  constructor(
    host: ScopeHost,
    name: string,
    options: ListOptions<In, Out>,
    writer: () => ListWriter,
  ) {
    super(host, name, options);
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
      host: this.host,
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
    tx.checkOwn(this);
    return new ListInTransaction(tx, this.host, this.scope, this.codec, this.#ttlMs);
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
    const { ledger } = this.host;
    return this.#writer().step(this.host, async (head) => {
      if (head.version === 0) return undefined;
      const { time } = await ledger.head();
      const life = ttlMs ?? undefined;
      await renewItems(ledger, this.scope, head, life);
      const next = { first: head.first, next: head.next, ttlMs: life, renewedAt: time };
      return { head: next, mutations: [headMutation(this.scope, next, life)] };
    });
  }

  /**
   * Items as they are stored, 1 to 999 of them. Throws `schema_mismatch`. For layers.
   *
   * @example
   * const [item] = await list.encoded(['hello']);
   * item?.decode(); // => 'hello'
   */
  encoded(items: Iterable<In>): Promise<readonly StoredValue[]> {
    return encodeItems(this.codec, items);
  }

  /**
   * An append as part of another commit: its mutations, and the check to put there. For layers.
   *
   * @example
   * const append = await list.plan(await list.encoded(['hello']));
   * await app.ledger.commit({ checks: [append.check], mutations: append.mutations });
   * await list.range(); // => ['hello']
   */
  async plan(
    items: readonly StoredValue[],
  ): Promise<{ readonly check: Check; readonly mutations: readonly Mutation[] }> {
    const { scope, host, codec } = this;
    const [entry] = await host.ledger.read([headRef(scope)]);
    const head = headOf(entry);
    const plan = await planAppend(host, scope, head, items.length, this.#ttlMs);
    const mutations = items.map((value, offset): Mutation => {
      const key = itemKey(head.next + offset);
      return { kind: 'set', scope, key, value, ttlMs: plan.itemLife, schema: codec.version };
    });
    return {
      check: { kind: 'version', ...headRef(scope), version: head.version },
      mutations: [headMutation(scope, plan.head, plan.head.ttlMs), ...mutations],
    };
  }

  /** Drops what lies below the index that `target` names for the list as it is at first. */
  async #shorten(target: (head: Head) => number, clears = false): Promise<number> {
    const scope = this.scope;
    let end: number | undefined;
    let removed = 0;
    for (;;) {
      let dropped = 0;
      const stepped = await this.#writer().step(this.host, (head) => {
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
