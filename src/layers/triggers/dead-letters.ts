/**
 * Events that were given up, with their values: read, tried again, dropped, erased.
 *
 * A replayed event goes to the end of what waits for its key: it is handled after events that came
 * later, with the values of its own time. Whoever replays gives up the order for that event.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Ledger, Mutation, Page, Entry, Ref } from '../../ledger/index.ts';
import {
  controlScope,
  deadPrefix,
  digestOf,
  isOfDigest,
  replayPrefix,
  valueRefs,
  valuesScope,
} from './keyspace.ts';
import { TriggerEvent } from './trigger-event.ts';
import type { EventHead } from './trigger-event.ts';
import { keysOf } from './stored-keys.ts';
import type { DeadLetter, DeadReason } from './trigger-options.ts';

export interface DeadRow {
  readonly head: EventHead;
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly error: string;
  readonly time: number;
}

const perCommit = 200;

export class DeadLetters {
  readonly #ledger: Ledger;
  readonly #name: string;

  constructor(ledger: Ledger, name: string) {
    this.#ledger = ledger;
    this.#name = name;
  }

  /**
   * Oldest events first.
   *
   * @example
   * const failed = Promise.withResolvers<void>();
   * const options = { scope: 'orders', retry: { attempts: 1 }, onError: () => failed.resolve() };
   * const trigger = await app.trigger('mail', options, () => {
   *   throw new Error('no such address');
   * });
   * await app.scope('orders').set('o1', 7);
   * await failed.promise;
   * await trigger.stop();
   * const letters = app.triggers.deadLetters('mail');
   * const { letters: [first] } = await letters.page({ limit: 1 });
   * first?.event.key; // => 'o1'
   */
  async page(
    query: { readonly limit?: number | undefined; readonly cursor?: string | undefined } = {},
  ): Promise<{ readonly letters: readonly DeadLetter[]; readonly cursor: string | undefined }> {
    const { limit = 100, cursor } = query;
    const page: Page<Entry> = await this.#ledger.scan({
      scope: controlScope(this.#name),
      prefix: deadPrefix,
      limit,
      cursor,
    });
    const letters: DeadLetter[] = [];
    for (const entry of page.items) letters.push(await this.#letterOf(entry));
    return { letters, cursor: page.cursor };
  }

  /**
   * Hands them back to the trigger; left out: all. Whoever runs it tries them, soon or when
   * somebody does. Returns how many; those that are gone are not counted.
   *
   * @example
   * const failed = Promise.withResolvers<void>();
   * const options = { scope: 'orders', retry: { attempts: 1 }, onError: () => failed.resolve() };
   * const trigger = await app.trigger('mail', options, () => {
   *   throw new Error('no such address');
   * });
   * await app.scope('orders').set('o1', 7);
   * await failed.promise;
   * await trigger.stop();
   * const letters = app.triggers.deadLetters('mail');
   * await letters.replay(); // => 1
   */
  async replay(ids?: readonly string[]): Promise<number> {
    const scope = controlScope(this.#name);
    return this.#each(ids, (id) => [{ kind: 'set', scope, key: replayPrefix + id, value: { id } }]);
  }

  /**
   * Forgets them; left out: all. Returns how many there were.
   *
   * @example
   * const failed = Promise.withResolvers<void>();
   * const options = { scope: 'orders', retry: { attempts: 1 }, onError: () => failed.resolve() };
   * const trigger = await app.trigger('mail', options, () => {
   *   throw new Error('no such address');
   * });
   * await app.scope('orders').set('o1', 7);
   * await failed.promise;
   * await trigger.stop();
   * const letters = app.triggers.deadLetters('mail');
   * await letters.drop(); // => 1
   * (await letters.page()).letters; // => []
   */
  async drop(ids?: readonly string[]): Promise<number> {
    return this.#each(ids, (id) => this.removal(id));
  }

  /** What takes a dead letter away. @internal */
  removal(id: string): Mutation[] {
    const scope = controlScope(this.#name);
    const { old, new: next } = valueRefs(this.#name, deadPrefix + id);
    return [
      { kind: 'delete', scope, key: deadPrefix + id },
      { kind: 'delete', scope, key: replayPrefix + id },
      { kind: 'delete', ...old },
      { kind: 'delete', ...next },
    ];
  }

  /**
   * Takes the values of a key out of dead letters and parked events, those that are gone from there
   * but still in the log too. Costs a pass over the log of this trigger's values.
   *
   * @internal
   */
  async eraseValues(ref: Ref): Promise<number> {
    const digest = digestOf(ref.scope, ref.key);
    const scope = valuesScope(this.#name);
    const keys = new Set<string>();
    for (const { key } of await keysOf(this.#ledger, scope, '')) keys.add(key);
    for (let after = (await this.#ledger.head()).oldest; ;) {
      const page = await this.#ledger.log(after, { scope, keysOnly: true });
      if (page.kind !== 'commits') break;
      for (const { changes } of page.commits) for (const { key } of changes) keys.add(key);
      after = page.through;
      if (after.revision >= page.head.revision) break;
    }
    const meant = [...keys].filter((key) => isOfDigest(key, digest));
    for (const key of meant) await this.#ledger.erase({ scope, key });
    return meant.length;
  }

  async #each(ids: readonly string[] | undefined, change: (id: string) => Mutation[]) {
    const scope = controlScope(this.#name);
    const known = await keysOf(this.#ledger, scope, deadPrefix);
    const there = new Set(known.map(({ key }) => key.slice(deadPrefix.length)));
    const meant = ids === undefined ? [...there] : ids.filter((id) => there.has(id));
    if (ids?.some((id) => typeof id !== 'string') === true) {
      throw new HoldfastError('invalid_argument', 'the id of a dead letter is text');
    }
    for (let from = 0; from < meant.length; from += perCommit) {
      const mutations = meant.slice(from, from + perCommit).flatMap(change);
      await this.#ledger.commit({ mutations });
    }
    return meant.length;
  }

  async #letterOf(entry: Entry): Promise<DeadLetter> {
    const { head, reason, attempts, error, time } = entry.value.decode() as DeadRow;
    const { old, new: next } = valueRefs(this.#name, entry.key);
    const [oldEntry, newEntry] = await this.#ledger.read([old, next]);
    const event = new TriggerEvent({
      app: this.#ledger.name,
      trigger: this.#name,
      head,
      oldValue: oldEntry?.value,
      newValue: newEntry?.value,
      attempt: attempts,
    });
    return { id: entry.key.slice(deadPrefix.length), event, reason, attempts, error, time };
  }
}
