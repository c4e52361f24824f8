/**
 * Reads the log for all shards of a trigger that this process owns, once for all of them.
 *
 * It pulls: while too much waits to be handled it reads nothing, and holds a bounded share of the
 * log in memory.
 */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { Commit, Position } from '../../../ledger/index.ts';
import { isHeard } from '../heard.ts';
import type { Setting } from './setting.ts';
import { laneOfChange } from './shard.ts';
import type { Shard } from './shard.ts';
import { shardOfLane } from '../keyspace.ts';

const eventsMax = 8192;
const bytesMax = 32 * 1024 * 1024;

export interface ReaderParts {
  readonly setting: Setting;
  /** By index. */
  readonly shards: ReadonlyMap<number, Shard>;
  /** Events before this time are done unseen. */
  readonly since: number | undefined;
  /** The log cannot be read on from there. */
  onEnd(kind: 'trimmed' | 'regressed', hasRead: boolean): void;
}

export class Reader {
  readonly #parts: ReaderParts;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #position: Position;
  #events = 0;
  #bytes = 0;
  #roomWanted: (() => void) | undefined;
  #hasRead = false;

  constructor(parts: ReaderParts, start: Position) {
    this.#parts = parts;
    this.#position = start;
    this.#ended = this.#run();
  }

  get position(): Position {
    return this.#position;
  }

  /** An event of so many bytes is done. */
  release(bytes: number): void {
    this.#events -= 1;
    this.#bytes -= bytes;
    if (this.#isFull) return;
    this.#roomWanted?.();
    this.#roomWanted = undefined;
  }

  stop(): Promise<void> {
    this.#stop.abort();
    this.#roomWanted?.();
    return this.#ended;
  }

  get #isFull(): boolean {
    return this.#events >= eventsMax / 2 || this.#bytes >= bytesMax / 2;
  }

  async #run(): Promise<void> {
    const { setting } = this.#parts;
    const { signal } = this.#stop;
    const wait = setting.patience.begin();
    const { scope, key, prefix } = setting.plan.filter;
    while (!signal.aborted) {
      try {
        const after = this.#position;
        for await (const page of setting.ledger.watch({ after, scope, key, prefix, signal })) {
          if (signal.aborted) return;
          wait.reset();
          if (page.kind !== 'commits') return this.#parts.onEnd(page.kind, this.#hasRead);
          this.#offer(page.commits, page.through);
          await this.#room();
        }
        if (!signal.aborted) await wait.pause(signal);
      } catch (error) {
        if (signal.aborted) return;
        const isLost = isHoldfastError(error, 'closed');
        if (!isLost) setting.plan.onError(error, undefined);
        if (isLost || !(error instanceof HoldfastError)) return;
        await wait.pause(signal);
      }
    }
  }

  #offer(commits: readonly Commit[], through: Position): void {
    const { shards, since, setting } = this.#parts;
    const { filter } = setting.plan;
    let wanted = 0;
    for (const commit of commits) {
      for (const change of commit.changes) {
        if (!isHeard(change, filter)) continue;
        wanted = commit.position.revision;
        if (since !== undefined && commit.time < since) break;
        const lane = laneOfChange(change);
        const bytes = shards.get(shardOfLane(lane))?.offer(lane, commit, change) ?? 0;
        if (bytes === 0) continue;
        this.#events += 1;
        this.#bytes += bytes;
      }
    }
    for (const shard of shards.values()) shard.offered(through, wanted);
    this.#position = through;
    this.#hasRead = true;
  }

  /** Others get a turn after each page; the next one waits until there is room for it. */
  async #room(): Promise<void> {
    const { clock } = this.#parts.setting.host;
    await new Promise<void>((resolve) => clock.soon(resolve));
    while (this.#isFull && !this.#stop.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#roomWanted = resolve;
      });
    }
  }
}
