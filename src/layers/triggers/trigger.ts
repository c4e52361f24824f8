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
   */
  async pause(): Promise<void> {
    await this.#parts.records.setPaused(true);
    await this.#parts.worker.tick();
  }

  async resume(): Promise<void> {
    await this.#parts.records.setPaused(false);
    await this.#parts.worker.tick();
  }

  /**
   * Goes on from another place, in every process. Parked events and dead letters stay. The way on
   * after `trimmed` or `regressed`.
   */
  async reset(from: TriggerStart): Promise<void> {
    await this.#parts.records.reset(from);
    await this.#parts.worker.tick();
  }

  /** Costs a few reads, and a scan of the keys of what is parked and dead. */
  async stats(): Promise<TriggerStats> {
    const status = await this.#parts.records.status();
    const { state, shards } = this.#parts.worker;
    const { handled, skipped, failed } = this.#parts.counters;
    return { ...status, state, shards, shardCount, handled, skipped, failed };
  }

  /** Events that were given up, the oldest event first. */
  deadLetters(query?: {
    readonly limit?: number | undefined;
    readonly cursor?: string | undefined;
  }): Promise<{ readonly letters: readonly DeadLetter[]; readonly cursor: string | undefined }> {
    return this.#letters.page(query);
  }

  /**
   * Tries dead letters again, all if `ids` is left out: each goes behind what waits for its key, so
   * it is handled after events that came later. Returns how many.
   */
  async replay(ids?: readonly string[]): Promise<number> {
    const count = await this.#letters.replay(ids);
    await this.#parts.worker.tick();
    return count;
  }

  /** Forgets dead letters, all if `ids` is left out. Returns how many. */
  drop(ids?: readonly string[]): Promise<number> {
    return this.#letters.drop(ids);
  }

  /**
   * Ends its work in this process: what runs is finished, its shards are free for others. The
   * trigger itself stays: whoever starts it next goes on.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#parts.worker.stop().finally(() => this.#parts.onStop());
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
