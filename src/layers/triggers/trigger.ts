/** A trigger that this process runs: pausing, stopping, looking at it, and its dead letters. */
import { shardCount } from './keyspace.ts';
import { DeadLetters } from './dead-letters.ts';
import type { Counters } from './running/setting.ts';
import type { Worker } from './running/worker.ts';
import type { DeadLetter, TriggerStart, TriggerState, TriggerStats } from './trigger-options.ts';
import type { TriggerRecords } from './trigger-records.ts';

export interface TriggerParts {
  readonly records: TriggerRecords;
  readonly worker: Worker;
  readonly counters: Counters;
  onStop(): void;
}

export class Trigger implements AsyncDisposable {
  readonly name: string;
  readonly #parts: TriggerParts;
  readonly #letters: DeadLetters;
  #stopped: Promise<void> | undefined;

  constructor(parts: TriggerParts) {
    this.#parts = parts;
    this.name = parts.records.name;
    this.#letters = new DeadLetters(parts.records.ledger, this.name);
  }

  /** What it does in this process. */
  get state(): TriggerState {
    return this.#parts.worker.state;
  }

  /**
   * Starts no more handlers, in any process, until `resume`; also after a restart. What runs is
   * finished; the log is held.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.pause();
   * trigger.state; // => 'paused'
   * await trigger.stop();
   */
  async pause(): Promise<void> {
    await this.#parts.records.setPaused(true);
    await this.#parts.worker.tick();
  }

  /**
   * Goes on after `pause`, in every process.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.pause();
   * await trigger.resume();
   * trigger.state; // => 'running'
   * await trigger.stop();
   */
  async resume(): Promise<void> {
    await this.#parts.records.setPaused(false);
    await this.#parts.worker.tick();
  }

  /**
   * Goes on from another place, in every process. Parked events and dead letters stay. The way on
   * after `trimmed` or `regressed`.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.reset('beginning');
   * await trigger.stop();
   */
  async reset(from: TriggerStart): Promise<void> {
    await this.#parts.records.reset(from);
    await this.#parts.worker.tick();
  }

  /**
   * Costs a few reads, and a scan of the keys of what is parked and dead.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * const { handled, lag, deadLetters } = await trigger.stats();
   * [handled, lag, deadLetters]; // => [0, 0, 0]
   * await trigger.stop();
   */
  async stats(): Promise<TriggerStats> {
    const status = await this.#parts.records.status();
    const { state, shards } = this.#parts.worker;
    const { handled, skipped, failed } = this.#parts.counters;
    return { ...status, state, shards, shardCount, handled, skipped, failed };
  }

  /**
   * Events that were given up, the oldest event first.
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
   * const { letters } = await trigger.deadLetters();
   * letters.map(({ event, error }) => [event.key, error]); // => [['o1', 'no such address']]
   */
  deadLetters(query?: {
    readonly limit?: number | undefined;
    readonly cursor?: string | undefined;
  }): Promise<{ readonly letters: readonly DeadLetter[]; readonly cursor: string | undefined }> {
    return this.#letters.page(query);
  }

  /**
   * Tries dead letters again, all if `ids` is left out: each goes behind what waits for its key, so
   * it is handled after events that came later. Returns how many.
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
   * await trigger.replay(); // => 1
   */
  async replay(ids?: readonly string[]): Promise<number> {
    const count = await this.#letters.replay(ids);
    await this.#parts.worker.tick();
    return count;
  }

  /**
   * Forgets dead letters, all if `ids` is left out. Returns how many.
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
   * await trigger.drop(); // => 1
   */
  drop(ids?: readonly string[]): Promise<number> {
    return this.#letters.drop(ids);
  }

  /**
   * Ends its work in this process: what runs is finished, its shards are free for others. The
   * trigger itself stays: whoever starts it next goes on.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.stop();
   * trigger.state; // => 'stopped'
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#parts.worker.stop().finally(() => this.#parts.onStop());
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
