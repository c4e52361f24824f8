/**
 * Writes down how far the shards are, lazily, and holds the log from there.
 *
 * P1. A position is written once some events were handled and a little time has passed; while
 *     nothing matches, only now and then. It never runs ahead of what is done.
 * P2. The pin follows what is written, never what is only known: after a crash the log is there.
 */
import { isHoldfastError } from '../../../errors/index.ts';
import type { Timer } from '../../../internal/clock.ts';
import type { Check, Mutation, Position } from '../../../ledger/index.ts';
import { configKey, controlScope, pinName, progressScope, shardKey } from '../keyspace.ts';
import { leastOf } from '../trigger-status.ts';
import type { TriggerRecords } from '../trigger-records.ts';
import type { Setting } from './setting.ts';
import type { Shard } from './shard.ts';

const writeMs = 200;
const idleMs = 60_000;
const idleRevisions = 4096;

export interface ProgressParts {
  readonly setting: Setting;
  readonly records: TriggerRecords;
  readonly shards: ReadonlyMap<number, Shard>;
  /** What this process says of itself. */
  report(): Mutation;
}

export class Progress {
  readonly #setting: Setting;
  readonly #records: TriggerRecords;
  readonly #shards: ReadonlyMap<number, Shard>;
  /** Goes with each position that is written. */
  readonly #report: () => Mutation;
  /** Of the config that the shards were loaded under. */
  configVersion = 0;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #writtenAt: number;
  #pinned: { readonly revision: number; readonly at: number } | undefined;

  constructor(parts: ProgressParts) {
    const { setting } = parts;
    this.#setting = setting;
    this.#records = parts.records;
    this.#shards = parts.shards;
    this.#report = () => parts.report();
    this.#writtenAt = setting.host.clock.monotonic();
  }

  /** Events were handled: their position is written soon. */
  touch(): void {
    this.#timer ??= this.#setting.host.clock.after(writeMs, () => {
      this.#timer = undefined;
      void this.write().catch((error: unknown) => this.#setting.plan.onError(error, undefined));
    });
  }

  /** Writes what has moved. */
  write(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    return this.#writing;
  }

  /** Writes what has moved a long way, or a long time ago. */
  async writeIfIdle(): Promise<void> {
    const late = this.#setting.host.clock.monotonic() - this.#writtenAt >= idleMs;
    for (const { low, base, wanted } of this.#shards.values()) {
      const distance = low.revision - base.revision;
      // What moves the log otherwise, such as our own writes, is no reason for a write.
      const isDue = late && distance > 0 && wanted > base.revision;
      if (distance >= idleRevisions || isDue) return this.write();
    }
  }

  /** Of the owner of the first shard: one hold for the whole trigger. */
  async movePin(): Promise<void> {
    if (!this.#shards.has(0)) return;
    const { ledger, plan, host, name } = this.#setting;
    const least = leastOf(await this.#records.positions());
    if (least === undefined) return;
    const now = host.clock.monotonic();
    const isDue = this.#pinned === undefined || now - this.#pinned.at > plan.holdMs / 4;
    if (!isDue && this.#pinned?.revision === least.revision) return;
    try {
      await ledger.pin(pinName(name), least, plan.holdMs);
      this.#pinned = { revision: least.revision, at: now };
    } catch (error) {
      // The reader meets the same and says so.
      const isGone = isHoldfastError(error, 'trimmed') || isHoldfastError(error, 'regressed');
      if (!isGone) throw error;
    }
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #write(): Promise<void> {
    const moved = [...this.#shards.values()]
      .filter(({ isOver, low, base }) => !isOver && low.revision > base.revision)
      .map((shard) => ({ shard, low: shard.low }));
    if (moved.length === 0) return;
    const { ledger, name } = this.#setting;
    const scope = progressScope(name);
    const config = { scope: controlScope(name), key: configKey, version: this.configVersion };
    const checks: Check[] = [{ kind: 'version', ...config }];
    checks.push(...moved.map(({ shard }) => shard.ownership.check()));
    const mutations = moved.map(({ shard, low }): Mutation => {
      return { kind: 'set', scope, key: shardKey(shard.index), value: { position: low } };
    });
    mutations.push(this.#report());
    const cause = { kind: 'trigger', id: name };
    const answer = await ledger.commit({ checks, mutations, durability: 'relaxed', cause });
    this.#writtenAt = this.#setting.host.clock.monotonic();
    if (answer.kind === 'committed') {
      for (const { shard, low } of moved) shard.base = low;
      return;
    }
    for (const { shard } of moved) if (shard.ownership.lostBy(answer)) shard.lose(undefined);
  }
}

export function positionsOf(shards: Iterable<Shard>): Position[] {
  return [...shards].map(({ read }) => read);
}
