/**
 * What failed, kept with its data so that the log can go on and be trimmed.
 *
 * K1. A failed event is parked in the commit that moves its lane on. Later events of its key queue
 *     behind it, in order; other keys are not touched.
 * K2. The first of a queue is tried again, with growing pauses. When it is done the next follows at
 *     once.
 * K3. A queue is bounded: one event too many makes its oldest that is not being tried a dead
 *     letter. So nothing waits for a key that never recovers, and what is left stays in order.
 */
import type { Timer } from '../../../internal/clock.ts';
import type { Entry } from '../../../ledger/index.ts';
import { digestOf, digestOfParked, parkedKey, parkedPrefix, progressScope } from '../keyspace.ts';
import type { DeadReason } from '../trigger-options.ts';
import type { TriggerEvent } from '../trigger-event.ts';
import { backoffMs } from './backoff.ts';
import { bury, burial, messageOf, parkMutations, retryParked } from './burial.ts';
import type { Lane } from './lane.ts';
import type { Pending } from './pending.ts';
import { keysOf } from '../stored-keys.ts';
import { ParkedQueue } from './parked-queue.ts';
import type { ParkedEntry, ParkedRow } from './parked-queue.ts';
import type { Shard } from '../running/shard.ts';

export class Parking {
  readonly #shard: Shard;
  readonly #queues = new Map<string, ParkedQueue>();
  readonly #timers = new Set<Timer>();

  constructor(shard: Shard) {
    this.#shard = shard;
  }

  /** What is parked already. To be called once. */
  async load(): Promise<void> {
    const { ledger, name } = this.#shard.setting;
    const scope = progressScope(name);
    const found: Entry[] = [];
    const heads = await keysOf(ledger, scope, parkedPrefix(this.#shard.index));
    for (let from = 0; from < heads.length; from += 500) {
      const share = heads.slice(from, from + 500).map(({ key }) => ({ scope, key }));
      for (const entry of await ledger.read(share)) if (entry !== undefined) found.push(entry);
    }
    // A replayed event is older than those that it waits behind.
    found.sort((a, b) => a.createdAt - b.createdAt || (a.key < b.key ? -1 : 1));
    for (const { key, value } of found) {
      this.#add(digestOfParked(key), { key, row: value.decode() as ParkedRow });
    }
    for (const queue of this.#queues.values()) this.#schedule(queue);
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#shard.setting.room.give(this.count);
    this.#shard.setting.room.wake();
  }

  get count(): number {
    let count = 0;
    for (const { entries } of this.#queues.values()) count += entries.length;
    return count;
  }

  /** Whether an event goes here rather than to the handler. */
  isAsked(pending: Pending): boolean {
    const { room, plan } = this.#shard.setting;
    if ((pending.commit.cause?.depth ?? 0) >= plan.depthMax || room.isFull) return true;
    if (this.#queues.size === 0) return false;
    return this.#queues.has(digestOf(pending.scope, pending.key));
  }

  /** False if the shard is lost. */
  async take(lane: Lane, pending: Pending): Promise<boolean> {
    const { plan } = this.#shard.setting;
    if ((pending.commit.cause?.depth ?? 0) >= plan.depthMax) {
      return this.#bury(lane, pending, 'loop', `${plan.depthMax} causes stand behind it`);
    }
    const digest = digestOf(pending.scope, pending.key);
    const queue = this.#queues.get(digest);
    if (queue !== undefined) return this.#append(queue, lane, pending, 0, 0, '');
    await this.#room();
    // Now it is an event like any other: the lane asks again.
    return this.#shard.isOver ? false : lane.again(pending);
  }

  /** After the first attempt. False if the shard is lost. */
  park(lane: Lane, pending: Pending, event: TriggerEvent, error: unknown): Promise<boolean> {
    const { plan, host, counters } = this.#shard.setting;
    counters.failed += 1;
    plan.onError(error, event);
    const digest = digestOf(pending.scope, pending.key);
    if (plan.retry.attempts === 1) {
      return this.#bury(lane, pending, 'failed', messageOf(error));
    }
    const queue = this.#queues.get(digest) ?? new ParkedQueue(digest);
    this.#queues.set(digest, queue);
    const waitMs = backoffMs(plan.retry, 1, error, host.random);
    return this.#append(queue, lane, pending, 1, waitMs, messageOf(error));
  }

  /** Takes an event in that was a dead letter. */
  adopt(digest: string, entry: ParkedEntry): void {
    this.#schedule(this.#add(digest, entry));
  }

  keyOf(digest: string, revision: number): string {
    return parkedKey(this.#shard.index, digest, revision);
  }

  async #append(
    queue: ParkedQueue,
    lane: Lane,
    pending: Pending,
    failed: number,
    waitMs: number,
    error: string,
  ): Promise<boolean> {
    const { plan, name, room } = this.#shard.setting;
    queue.appending += 1;
    try {
      while (queue.entries.length >= plan.parkedPerKey) {
        if (!(await this.#makeRoom(queue))) return false;
      }
      const key = this.keyOf(queue.digest, pending.revision);
      const row: ParkedRow = { head: pending.head, failed, retryAt: this.#now() + waitMs, error };
      const values = { old: pending.oldValue, new: pending.newValue };
      if (!(await lane.advance(pending, parkMutations(name, key, row, values)))) return false;
      queue.entries.push({ key, row });
      room.take();
      return true;
    } finally {
      queue.appending -= 1;
      this.#schedule(queue);
    }
  }

  /** Gives up the oldest of a queue that is not being tried. */
  async #makeRoom(queue: ParkedQueue): Promise<boolean> {
    const [victim] = queue.entries.splice(queue.isRunning ? 1 : 0, 1);
    if (victim === undefined) return !this.#shard.isOver;
    const row = { ...victim.row, error: victim.row.error || 'too many events of its key waited' };
    const buried = await bury(this.#shard, { ...victim, row }, 'queue_full');
    if (buried) this.#shard.setting.room.give();
    return buried;
  }

  #add(digest: string, entry: ParkedEntry): ParkedQueue {
    const queue = this.#queues.get(digest) ?? new ParkedQueue(digest);
    this.#queues.set(digest, queue);
    queue.entries.push(entry);
    this.#shard.setting.room.take();
    return queue;
  }

  /** Sees to it that the first of the queue is tried when its time has come. */
  #schedule(queue: ParkedQueue): void {
    if (queue.isRunning || this.#shard.isOver) return;
    const [first] = queue.entries;
    if (first === undefined) {
      if (queue.appending === 0) this.#queues.delete(queue.digest);
      return;
    }
    if (queue.timer !== undefined) {
      queue.timer.cancel();
      this.#timers.delete(queue.timer);
    }
    const timer = this.#shard.setting.host.clock.after(
      Math.max(0, first.row.retryAt - this.#now()),
      () => {
        this.#timers.delete(timer);
        queue.timer = undefined;
        void this.#run(queue);
      },
    );
    queue.timer = timer;
    this.#timers.add(timer);
  }

  async #run(queue: ParkedQueue): Promise<void> {
    if (queue.isRunning) return;
    queue.isRunning = true;
    const { gate, room } = this.#shard.setting;
    try {
      for (;;) {
        const first = queue.entries[0];
        if (first === undefined || first.row.retryAt > this.#now()) break;
        await gate.enter();
        this.#shard.enter();
        try {
          if (this.#shard.isOver || this.#shard.isClosing) return;
          const after = await retryParked(this.#shard, first);
          if (after === 'lost') return this.#shard.lose(undefined);
          if (after === 'gone') {
            queue.entries.shift();
            room.give();
          } else queue.entries[0] = after;
        } finally {
          gate.leave();
          this.#shard.leave();
        }
      }
    } catch (error) {
      this.#shard.lose(error);
    } finally {
      queue.isRunning = false;
      this.#schedule(queue);
    }
  }

  /** Waits until there is room, and keeps no handler from running meanwhile. */
  async #room(): Promise<void> {
    const { gate, room } = this.#shard.setting;
    gate.leave();
    while (room.isFull && !this.#shard.isOver) await room.changed();
    await gate.enter();
  }

  #bury(lane: Lane, pending: Pending, reason: DeadReason, error: string): Promise<boolean> {
    const { head, oldValue, newValue } = pending;
    const attempts = reason === 'failed' ? 1 : 0;
    const row = { head, reason, attempts, error, time: this.#now() };
    const values = { old: oldValue, new: newValue };
    return lane.advance(pending, burial(this.#shard.setting.name, row, values));
  }

  #now(): number {
    return this.#shard.setting.host.clock.now();
  }
}
