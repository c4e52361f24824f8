/**
 * One process's part in a trigger: it owns shards, reads the log for them, and gives them away.
 *
 * W1. A shard is loaded after it was claimed, so it begins where its last owner's commits ended.
 * W2. Whatever fails here (a store that is busy, a connection that is gone) is tried again.
 */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { Timer } from '../../../internal/clock.ts';
import type { Membership } from '../../../ledger/index.ts';
import { present } from '../../../internal/assert.ts';
import { shardCount } from '../keyspace.ts';
import { leastOf } from '../trigger-status.ts';
import type { StoredConfig, TriggerRecords } from '../trigger-records.ts';
import type { TriggerState } from '../trigger-options.ts';
import { Claims } from './claims.ts';
import { Progress, positionsOf } from './progress.ts';
import { Reader } from './reader.ts';
import { adoptReplays } from './replays.ts';
import type { Setting } from './setting.ts';
import { Shard } from './shard.ts';

const tickMs = 1000;
const rateMs = 10_000;

export class Worker {
  readonly #setting: Setting;
  readonly #records: TriggerRecords;
  readonly #claims: Claims;
  readonly #shards = new Map<number, Shard>();
  readonly #progress: Progress;
  #config: StoredConfig | undefined;
  #reader: Reader | undefined;
  #timer: Timer | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #state: TriggerState = 'running';
  #needsReader = false;
  #rate = { perSecond: 0, handled: 0, at: 0 };

  constructor(setting: Setting, records: TriggerRecords, membership: Membership) {
    this.#setting = setting;
    this.#records = records;
    this.#claims = new Claims(setting.ledger, setting.name, membership);
    this.#progress = new Progress({
      setting,
      records,
      shards: this.#shards,
      report: () => {
        this.#measure();
        return this.#claims.report({ perSecond: Math.round(this.#rate.perSecond * 10) / 10 });
      },
    });
    this.#rate.at = setting.host.clock.monotonic();
  }

  get state(): TriggerState {
    return this.#state === 'running' && !this.#setting.gate.isOpen ? 'paused' : this.#state;
  }

  get shards(): number {
    return this.#shards.size;
  }

  async start(): Promise<void> {
    await this.#claims.enter();
    await this.tick();
    this.#tickLater();
  }

  /** Looks after everything once; done every second by itself. */
  tick(): Promise<void> {
    this.#ticking = this.#ticking.catch(() => undefined).then(() => this.#tick());
    return this.#ticking;
  }

  /** Finishes what runs, writes down how far it came, and gives the shards away. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#timer?.cancel();
    await this.#ticking.catch(() => undefined);
    const stopped = this.#reader?.stop();
    this.#setting.gate.close();
    await Promise.all([...this.#shards.values()].map((shard) => shard.idle()));
    await this.#progress.write().catch(() => undefined);
    this.#progress.stop();
    for (const shard of this.#shards.values()) {
      await shard.ownership.release().catch(() => false);
      shard.lose(undefined);
    }
    this.#setting.gate.open();
    await stopped;
    await this.#claims.leave().catch(() => undefined);
  }

  #tickLater(): void {
    if (this.#state === 'stopped') return;
    this.#timer = this.#setting.host.clock.after(tickMs, () => {
      void this.tick()
        .catch((error: unknown) => {
          if (!isHoldfastError(error, 'closed')) this.#setting.plan.onError(error, undefined);
        })
        .then(() => this.#tickLater());
    });
  }

  async #tick(): Promise<void> {
    if (this.#state === 'stopped') return;
    const config = await this.#records.config();
    if (config === undefined) return this.#removed();
    await this.#configure(config);
    if (this.#state !== 'running') return;
    await this.#balance();
    await adoptReplays(this.#setting, this.#shards);
    await this.#progress.writeIfIdle();
    await this.#progress.movePin();
    if (this.#needsReader) await this.#restartReader();
    this.#measure();
  }

  async #configure(config: StoredConfig): Promise<void> {
    const known = this.#config;
    this.#config = config;
    this.#progress.configVersion = config.version;
    if (known !== undefined && known.generation !== config.generation) {
      await this.#reader?.stop();
      this.#reader = undefined;
      for (const shard of this.#shards.values()) shard.lose(undefined);
      this.#state = 'running';
    }
    const { gate } = this.#setting;
    if (config.isPaused) gate.close();
    else if (!gate.isOpen) gate.open();
  }

  async #balance(): Promise<void> {
    const share = await this.#claims.share();
    for (const shard of [...this.#shards.values()].slice(share)) await this.#giveAway(shard);
    const from = Math.floor(this.#setting.host.random.float() * shardCount);
    for (let step = 0; step < shardCount && this.#shards.size < share; step += 1) {
      const index = (from + step) % shardCount;
      if (!this.#shards.has(index)) await this.#take(index);
    }
  }

  async #take(index: number): Promise<void> {
    const ownership = await this.#claims.claim(index);
    if (ownership.kind === 'held') return;
    const position = (await this.#records.positions())[index];
    if (position === undefined) return;
    const shard = new Shard({
      setting: this.#setting,
      index,
      ownership,
      position,
      onDone: (bytes) => {
        this.#reader?.release(bytes);
        this.#progress.touch();
      },
      onOver: (one, error) => this.#drop(one, error),
    });
    await shard.load();
    if (ownership.lost) return shard.lose(undefined);
    this.#shards.set(index, shard);
    this.#needsReader = true;
  }

  async #giveAway(shard: Shard): Promise<void> {
    shard.isClosing = true;
    await shard.idle();
    await this.#progress.write();
    await shard.ownership.release();
    shard.lose(undefined);
  }

  #drop(shard: Shard, error: unknown): void {
    if (this.#shards.get(shard.index) === shard) this.#shards.delete(shard.index);
    if (error !== undefined) this.#setting.plan.onError(error, undefined);
  }

  /** One reader serves all shards, from the place of the one that is furthest behind. */
  async #restartReader(): Promise<void> {
    await this.#reader?.stop();
    this.#reader = undefined;
    const start = leastOf(positionsOf(this.#shards.values()));
    if (start === undefined) return;
    this.#needsReader = false;
    const { since } = present(this.#config, 'the config of a trigger');
    const onEnd = (kind: 'trimmed' | 'regressed', hasRead: boolean): void => {
      this.#cutOff(kind, hasRead);
    };
    // Of the shards that are here now: one that is taken while it reads may be behind it, and would
    // miss what lies between.
    const shards = new Map(this.#shards);
    const parts = { setting: this.#setting, shards, since, onEnd };
    this.#reader = new Reader(parts, start);
  }

  #cutOff(kind: 'trimmed' | 'regressed', hasRead: boolean): void {
    for (const shard of this.#shards.values()) shard.lose(undefined);
    // What was only read may be of a history that is gone; what was written down may still stand.
    if (hasRead) return;
    this.#state = kind;
    const text = `trigger '${this.#setting.name}' stands where the log is ${kind}: reset it`;
    this.#setting.plan.onError(new HoldfastError(kind, text), undefined);
  }

  async #removed(): Promise<void> {
    this.#state = 'stopped';
    await this.#reader?.stop();
    for (const shard of this.#shards.values()) shard.lose(undefined);
    this.#progress.stop();
  }

  #measure(): void {
    const { clock } = this.#setting.host;
    const now = clock.monotonic();
    const spanMs = now - this.#rate.at;
    if (spanMs <= 0) return;
    const { handled } = this.#setting.counters;
    const recent = ((handled - this.#rate.handled) / spanMs) * 1000;
    const weight = Math.min(1, spanMs / rateMs);
    const perSecond = this.#rate.perSecond * (1 - weight) + recent * weight;
    this.#rate = { perSecond, handled, at: now };
  }
}
