/**
 * What is done to a ledger's log beside appending to it: pins, erasure, trimming. Each change is a
 * transaction of its own, in turn with the groups.
 */
import { present } from '../../internal/assert.ts';
import type { Engine, Ref } from '../../engine/index.ts';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { Committer } from '../committer/committer.ts';
import type { Lane } from '../group/lane.ts';
import { tuning } from '../group/tuning.ts';
import { erasuresRef } from '../keyspace/address.ts';
import type { Pin } from '../ledger.ts';
import type { History } from '../log/history.ts';
import { wantsRow } from '../log/reader.ts';
import type { Position } from '../position.ts';
import { EraseWork, eraseFromRow } from './erasure.ts';
import type { ErasedRow } from './erasure.ts';
import { PinWork } from './pins.ts';
import { TrimWork, candidatesOf } from './trim.ts';
import type { Retention } from './trim.ts';

export interface LogUpkeepParts {
  readonly lane: Lane;
  readonly engine: Engine;
  readonly committer: Committer;
  readonly history: History;
}

export class LogUpkeep {
  readonly #lane: Lane;
  readonly #engine: Engine;
  readonly #committer: Committer;
  readonly #history: History;

  constructor({ lane, engine, committer, history }: LogUpkeepParts) {
    this.#lane = lane;
    this.#engine = engine;
    this.#committer = committer;
    this.#history = history;
  }

  /** `ttlMs` 0 lets go of the pin. */
  async pin(name: string, at: Position, ttlMs: number): Promise<Pin> {
    const ledger = this.#lane.name;
    const { head } = await this.#engine.read(ledger, []);
    const standing = ttlMs === 0 ? 'held' : await this.#history.standing(at, head);
    if (standing !== 'held') {
      throw new HoldfastError(standing, `pin '${name}' asks for a part of the log that is gone`, {
        details: {
          pin: name,
          revision: at.revision,
          head: head.revision,
          trimmed: head.trimmed,
        },
      });
    }
    const work = new PinWork(ledger, name, at, ttlMs);
    await this.#committer.upkeep(this.#lane, work, 'sync');
    return present(work.decided, 'an applied pin');
  }

  /** Takes the values of `ref` out of the commits up to `through`; returns how many had one. */
  async eraseFromLog(ref: Ref, through: number): Promise<number> {
    const ledger = this.#lane.name;
    let changes = 0;
    const { head } = await this.#engine.read(ledger, []);
    for (let after = head.trimmed; after < through;) {
      const { entries } = await this.#engine.read(ledger, [erasuresRef]);
      const since = entries[0]?.version ?? 0;
      const page = await this.#engine.log(ledger, {
        after,
        limit: tuning.logRows,
        maxBytes: tuning.logBytes,
        wants: (tags) => wantsRow(tags, ref.scope),
      });
      const rows: ErasedRow[] = [];
      for (const row of page.rows) {
        const erased = eraseFromRow(row, ref, through);
        if (erased !== undefined) rows.push(erased);
      }
      if (rows.length > 0 && !(await this.#rewrite(rows, since))) continue;
      for (const row of rows) changes += row.changes;
      if (page.through <= after) break;
      after = page.through;
    }
    return changes;
  }

  /** Whether the oldest of the log is beyond its retention. */
  async needsTrim(retention: Retention): Promise<boolean> {
    const query = { after: 0, limit: 1 };
    const { rows, head, time } = await this.#engine.log(this.#lane.name, query);
    return candidatesOf(rows, time, head.logBytes, retention).length > 0;
  }

  /** Forgets the log beyond its retention. Returns whether it forgot anything. */
  async trim(retention: Retention): Promise<boolean> {
    const ledger = this.#lane.name;
    for (let trimmed = false; ; trimmed = true) {
      const { rows, head, time } = await this.#engine.log(ledger, {
        after: 0,
        limit: tuning.logRows,
        maxBytes: tuning.logBytes,
      });
      const candidates = candidatesOf(rows, time, head.logBytes, retention);
      if (candidates.length === 0) return trimmed;
      const work = new TrimWork(ledger, candidates, retention);
      await this.#committer.upkeep(this.#lane, work, 'relaxed');
      if (!work.tookAll || candidates.length < rows.length) return true;
    }
  }

  /** False if another erasure came first: read the rows again. */
  async #rewrite(rows: readonly ErasedRow[], since: number): Promise<boolean> {
    try {
      const work = new EraseWork(this.#lane.name, rows, since);
      await this.#committer.upkeep(this.#lane, work, 'sync');
      return true;
    } catch (error) {
      if (isHoldfastError(error, 'contended')) return false;
      throw error;
    }
  }
}
