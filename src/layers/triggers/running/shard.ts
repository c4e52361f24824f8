/**
 * A share of a trigger's keys, owned by this process: its lanes, what is parked, how far it is.
 *
 * S1. `low` is the place up to which everything is done: before the first event that is not.
 * S2. A shard that is over commits nothing more; its owner loads it anew or another takes it.
 */
import type { Change, Commit, Ownership, Position } from '../../../ledger/index.ts';
import {
  lanePrefix,
  laneCount,
  laneOf,
  laneOfKey,
  progressScope,
  shardCount,
} from '../keyspace.ts';
import { keysOf } from '../stored-keys.ts';
import type { Work } from '../handling/attempt.ts';
import type { GuardedParts } from '../handling/guarded-commit.ts';
import { Lane } from '../handling/lane.ts';
import { Parking } from '../handling/parking.ts';
import { Pending } from '../handling/pending.ts';
import type { Setting } from './setting.ts';

export interface ShardParts {
  readonly setting: Setting;
  readonly index: number;
  readonly ownership: Ownership;
  /** As its row says. */
  readonly position: Position;
  /** An event is done, or the shard is over. */
  onDone(bytes: number): void;
  onOver(shard: Shard, error: unknown): void;
}

export class Shard {
  readonly index: number;
  readonly ownership: Ownership;
  readonly setting: Setting;
  readonly parking: Parking;
  readonly guarded: GuardedParts;
  /** Attempts that run. */
  readonly running = new Set<Work>();
  /** What its row says. */
  base: Position;
  /** The log was read up to here. */
  read: Position;
  /** The last that was read of what the trigger listens to, whichever shard it is of. */
  wanted = 0;
  isOver = false;
  /** Whether it takes no more events, because it is about to be given away. */
  isClosing = false;
  readonly #parts: ShardParts;
  readonly #lanes = new Map<number, Lane>();
  readonly #over = new AbortController();
  #pending: Pending[] = [];
  #first = 0;
  #busy = 0;
  #idle: (() => void)[] = [];

  constructor(parts: ShardParts) {
    this.#parts = parts;
    const { setting, ownership, position, index } = parts;
    this.setting = setting;
    this.index = index;
    this.ownership = ownership;
    this.base = position;
    this.read = position;
    this.parking = new Parking(this);
    const wait = setting.patience.begin();
    this.guarded = {
      ledger: setting.ledger,
      ownership,
      pause: async (error) => {
        setting.plan.onError(error, undefined);
        await wait.pause(this.#over.signal);
        return !this.isOver;
      },
    };
    for (let lane = index; lane < laneCount; lane += shardCount) {
      this.#lanes.set(lane, new Lane(this, lane));
    }
    ownership.signal.addEventListener('abort', () => this.lose(undefined), { once: true });
  }

  /** Reads what is there of it. To be called once it is owned. */
  async load(): Promise<void> {
    const { ledger, name } = this.setting;
    const scope = progressScope(name);
    const keys = await keysOf(ledger, scope, lanePrefix(this.index));
    for (const entry of await ledger.read(keys.map(({ key }) => ({ scope, key })))) {
      if (entry !== undefined) this.#lanes.get(laneOfKey(entry.key))?.restore(entry);
    }
    await this.parking.load();
  }

  /** Takes an event that was read. Returns the bytes that it holds until it is done. */
  offer(lane: number, commit: Commit, change: Change): number {
    const { revision } = commit.position;
    if (this.isOver || this.isClosing || revision <= this.read.revision) return 0;
    const found = this.#lanes.get(lane);
    if (found?.isBehind({ revision, scope: change.scope, key: change.key }) !== false) return 0;
    const pending = new Pending(commit, change);
    this.#pending.push(pending);
    found.push(pending);
    return pending.bytes;
  }

  /** Everything up to here was offered. */
  offered(through: Position, wanted: number): void {
    if (this.isClosing || through.revision <= this.read.revision) return;
    this.read = through;
    this.wanted = Math.max(this.wanted, wanted);
  }

  /** Everything up to here is done. */
  get low(): Position {
    const first = this.#pending[this.#first];
    if (first === undefined) return this.read;
    const { incarnation, revision } = first.commit.position;
    return { incarnation, revision: revision - 1 };
  }

  done(pending: Pending): void {
    pending.isDone = true;
    while (this.#pending[this.#first]?.isDone === true) this.#first += 1;
    if (this.#first > 1000 || this.#first === this.#pending.length) {
      this.#pending = this.#pending.slice(this.#first);
      this.#first = 0;
    }
    this.#parts.onDone(pending.bytes);
  }

  /** It is not ours to go on with. */
  lose(error: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#over.abort();
    for (const work of this.running) work.abort(error);
    this.parking.stop();
    for (const pending of this.#pending.slice(this.#first)) {
      if (!pending.isDone) this.#parts.onDone(pending.bytes);
    }
    this.#parts.onOver(this, error);
  }

  /** Resolves when no attempt and no commit of it is under way. It must take no more by then. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  /** Something is under way until `leave`. */
  enter(): void {
    this.#busy += 1;
  }

  leave(): void {
    this.#busy -= 1;
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#busy > 0) return;
    for (const tell of this.#idle.splice(0)) tell();
  }
}

export function laneOfChange({ scope, key }: Change): number {
  return laneOf(scope, key);
}
