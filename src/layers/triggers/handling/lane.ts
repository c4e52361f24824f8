/**
 * One lane: events in the order of the log, one after the other.
 *
 * L1. The next event starts when the last is done: handled, parked, or a dead letter.
 * L2. What a handler wrote through `tx` commits with the lane's row.
 * L3. A key whose events are parked gets the next one parked behind them.
 */
import type { Entry, Mutation } from '../../../ledger/index.ts';
import { laneKey, progressScope } from '../keyspace.ts';
import { TriggerEvent } from '../trigger-event.ts';
import { attempt } from './attempt.ts';
import type { Outcome } from './attempt.ts';
import { commitOnce } from './guarded-commit.ts';
import type { Guard } from './guarded-commit.ts';
import { comparePlaces } from './pending.ts';
import type { Pending, Place } from './pending.ts';
import { causeOf } from '../running/setting.ts';
import { settle } from './settle.ts';
import type { Shard } from '../running/shard.ts';

/** Events after which others get a turn. */
const turnEvents = 64;

export class Lane {
  readonly #shard: Shard;
  readonly #key: string;
  #queue: Pending[] = [];
  #next = 0;
  #isRunning = false;
  #version = 0;
  /** The last that is done, as the lane's row says. */
  #done: Place | undefined;

  constructor(shard: Shard, index: number) {
    this.#shard = shard;
    this.#key = laneKey(index);
  }

  restore(entry: Entry): void {
    this.#version = entry.version;
    this.#done = entry.value.decode() as Place;
  }

  /** Whether an event was done before this process came. */
  isBehind(place: Place): boolean {
    return this.#done !== undefined && comparePlaces(place, this.#done) <= 0;
  }

  push(pending: Pending): void {
    this.#queue.push(pending);
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Commits `mutations` with the lane's position behind `pending`. False if the shard is lost. */
  async advance(pending: Pending, mutations: readonly Mutation[]): Promise<boolean> {
    const { setting } = this.#shard;
    const cause = causeOf(setting.name, pending.head);
    const parts = this.#shard.guarded;
    const guarded = await commitOnce(parts, this.#guard(pending), { mutations, cause });
    if (guarded.kind === 'done') this.#moved(pending, guarded.version);
    return guarded.kind === 'done';
  }

  /** Once more, after something stood in its way. */
  async again(pending: Pending): Promise<boolean> {
    return this.#handle(pending);
  }

  async #run(): Promise<void> {
    const { gate } = this.#shard.setting;
    while (this.#next < this.#queue.length && !this.#shard.isOver && !this.#shard.isClosing) {
      await gate.enter();
      this.#shard.enter();
      try {
        await this.#turn();
      } catch (error) {
        this.#shard.lose(error);
      } finally {
        gate.leave();
        this.#shard.leave();
      }
    }
    this.#isRunning = false;
  }

  async #turn(): Promise<void> {
    const shard = this.#shard;
    const { gate } = shard.setting;
    for (let count = 0; count < turnEvents; count += 1) {
      const pending = this.#queue[this.#next];
      if (pending === undefined || shard.isOver || shard.isClosing || !gate.isOpen) break;
      const isDone = this.#handle(pending);
      if (!(isDone instanceof Promise ? await isDone : isDone)) {
        shard.lose(undefined);
        return;
      }
      this.#next += 1;
      shard.done(pending);
    }
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }

  /** False if the shard is not ours any more. */
  #handle(pending: Pending): boolean | Promise<boolean> {
    const { parking, setting } = this.#shard;
    if (parking.isAsked(pending)) return parking.take(this, pending);
    const event = eventOf(this.#shard, pending);
    const outcome = attempt(setting, event, this.#shard.running);
    if (outcome instanceof Promise) return outcome.then((one) => this.#settle(pending, event, one));
    if (outcome.kind === 'failed') return this.#settle(pending, event, outcome);
    setting.counters[outcome.kind] += 1;
    return true;
  }

  async #settle(pending: Pending, event: TriggerEvent, outcome: Outcome): Promise<boolean> {
    const shard = this.#shard;
    const settled = await settle(
      shard,
      {
        guard: this.#guard(pending),
        mutations: [],
        isWritten: false,
        event: () => eventOf(shard, pending),
      },
      { event, outcome },
    );
    if (settled.kind === 'lost') return false;
    if (settled.kind === 'failed') {
      return shard.parking.park(this, pending, settled.event, settled.error);
    }
    if (settled.version !== undefined) this.#moved(pending, settled.version);
    return true;
  }

  #moved({ revision, scope, key }: Pending, version: number): void {
    this.#version = version;
    this.#done = { revision, scope, key };
  }

  #guard(pending: Pending): Guard {
    const { revision, scope, key } = pending;
    const ref = { scope: progressScope(this.#shard.setting.name), key: this.#key };
    const value: Place = { revision, scope, key };
    return {
      ref,
      version: this.#version,
      mutation: { kind: 'set', ...ref, value },
      isDone(entry) {
        const there = entry?.value.decode() as Place | undefined;
        return there !== undefined && comparePlaces(there, value) === 0;
      },
    };
  }
}

function eventOf(shard: Shard, pending: Pending): TriggerEvent {
  const { ledger, name } = shard.setting;
  const { head, oldValue, newValue } = pending;
  return new TriggerEvent({
    app: ledger.name,
    trigger: name,
    head,
    oldValue,
    newValue,
    attempt: 1,
  });
}
