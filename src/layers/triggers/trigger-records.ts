/**
 * What the store knows of a trigger, whoever runs it: whether it is paused, how far it is, where it
 * begins. Everything here can be done from any process, with or without a handler.
 */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { CommitAnswer, Ledger, LedgerHead, Mutation, Position } from '../../ledger/index.ts';
import {
  configKey,
  controlScope,
  lanePrefix,
  pinName,
  progressScope,
  shardCount,
  shardKey,
  valuesScope,
} from './keyspace.ts';
import { keysOf } from './stored-keys.ts';
import { statusOf } from './trigger-status.ts';
import type { TriggerFilter, TriggerStart, TriggerStatus } from './trigger-options.ts';

export interface Config {
  readonly isPaused: boolean;
  readonly generation: number;
  readonly filter: TriggerFilter;
  /** Events before this time are done unseen. */
  readonly since?: number | undefined;
}

export interface StoredConfig extends Config {
  readonly version: number;
}

const attempts = 20;

export class TriggerRecords {
  readonly name: string;
  readonly ledger: Ledger;

  constructor(ledger: Ledger, name: string) {
    this.ledger = ledger;
    this.name = name;
  }

  /** @internal */
  async config(): Promise<StoredConfig | undefined> {
    const [entry] = await this.ledger.read([{ scope: controlScope(this.name), key: configKey }]);
    return entry && { ...(entry.value.decode() as Config), version: entry.version };
  }

  /**
   * Makes the trigger known, or leaves it where it stands and notes what it listens to now.
   *
   * @internal
   */
  async register(
    filter: TriggerFilter,
    start: TriggerStart,
    holdMs: number,
  ): Promise<StoredConfig> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const known = await this.config();
      if (known !== undefined) {
        if (JSON.stringify(known.filter) === JSON.stringify(filter)) return known;
        await this.#write(known, { filter });
        continue;
      }
      const { position, since } = await this.#placeOf(start);
      await this.ledger.pin(pinName(this.name), position, holdMs);
      const config: Config = { isPaused: false, generation: 1, filter, since };
      const check = { kind: 'version', ...this.#configRef(), version: 0 } as const;
      const set = { kind: 'set', ...this.#configRef(), value: config } as const;
      await this.ledger.commit({ checks: [check], mutations: [set, ...this.#shardRows(position)] });
    }
    throw this.#contended();
  }

  /**
   * Throws `invalid_argument` if there is no such trigger.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.stop();
   * const records = app.triggers.records('sum');
   * await records.setPaused(true);
   * (await records.status()).isPaused; // => true
   */
  async setPaused(isPaused: boolean): Promise<void> {
    await this.#change({ isPaused }, []);
  }

  /**
   * Goes on from another place. What is parked stays parked.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.stop();
   * const records = app.triggers.records('sum');
   * await records.reset('beginning');
   * (await records.status()).position.revision; // => 0
   */
  async reset(start: TriggerStart): Promise<void> {
    const { position, since } = await this.#placeOf(start);
    const lanes: Mutation[] = [];
    const scope = progressScope(this.name);
    for (let shard = 0; shard < shardCount; shard += 1) {
      const keys = await keysOf(this.ledger, scope, lanePrefix(shard));
      for (const { key } of keys) lanes.push({ kind: 'delete', scope, key });
    }
    const generation = ((await this.config())?.generation ?? 0) + 1;
    await this.#change({ generation, since }, [...this.#shardRows(position), ...lanes]);
  }

  /**
   * Forgets the trigger: its position, its dead letters and what is parked.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.stop();
   * const records = app.triggers.records('sum');
   * await records.remove(); // => true
   * await app.triggers.list(); // => []
   */
  async remove(): Promise<boolean> {
    const known = await this.config();
    const ref = this.#configRef();
    await this.ledger.commit({ mutations: [{ kind: 'delete', ...ref }] });
    for (const scope of [controlScope, progressScope, valuesScope].map((of) => of(this.name))) {
      const keys = await keysOf(this.ledger, scope, '');
      for (let from = 0; from < keys.length; from += limits.mutationsPerProposal) {
        const share = keys.slice(from, from + limits.mutationsPerProposal);
        const mutations = share.map(({ key }): Mutation => ({ kind: 'delete', scope, key }));
        await this.ledger.commit({ mutations });
      }
    }
    const { position } = await this.ledger.head();
    await this.ledger.pin(pinName(this.name), position, 0);
    return known !== undefined;
  }

  /**
   * Throws `invalid_argument` if there is no such trigger.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.stop();
   * const records = app.triggers.records('sum');
   * (await records.status()).filter; // => { scope: 'orders' }
   */
  async status(): Promise<TriggerStatus> {
    const config = await this.config();
    if (config === undefined) throw this.#unknown();
    return statusOf(this, config);
  }

  /** Of the shards, in their order. @internal */
  async positions(): Promise<Position[]> {
    const scope = progressScope(this.name);
    const refs = Array.from({ length: shardCount }, (_, shard) => ({
      scope,
      key: shardKey(shard),
    }));
    const entries = await this.ledger.read(refs);
    return entries.flatMap((entry) => {
      return entry === undefined ? [] : [(entry.value.decode() as { position: Position }).position];
    });
  }

  async #change(change: Partial<Config>, mutations: readonly Mutation[]): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const known = await this.config();
      if (known === undefined) throw this.#unknown();
      const answer = await this.#write(known, change, mutations);
      if (answer.kind === 'committed') return;
    }
    throw this.#contended();
  }

  #write(
    { version, ...known }: StoredConfig,
    change: Partial<Config>,
    mutations: readonly Mutation[] = [],
  ): Promise<CommitAnswer> {
    const ref = this.#configRef();
    return this.ledger.commit({
      checks: [{ kind: 'version', ...ref, version }],
      mutations: [{ kind: 'set', ...ref, value: { ...known, ...change } }, ...mutations],
    });
  }

  async #placeOf(start: TriggerStart): Promise<{ position: Position; since?: number }> {
    const head: LedgerHead = await this.ledger.head();
    if (start === 'now') return { position: head.position };
    if (start === 'beginning') return { position: head.oldest };
    if ('time' in start) return { position: head.oldest, since: start.time };
    return { position: { incarnation: start.incarnation, revision: start.revision } };
  }

  #shardRows(position: Position): Mutation[] {
    const scope = progressScope(this.name);
    return Array.from({ length: shardCount }, (_, shard) => {
      return { kind: 'set', scope, key: shardKey(shard), value: { position } };
    });
  }

  #configRef() {
    return { scope: controlScope(this.name), key: configKey };
  }

  #unknown(): HoldfastError {
    return new HoldfastError('invalid_argument', `there is no trigger '${this.name}'`, {
      details: { trigger: this.name },
    });
  }

  #contended(): HoldfastError {
    const text = `trigger '${this.name}' was changed by others in each of ${attempts} attempts`;
    return new HoldfastError('contended', text, { details: { trigger: this.name } });
  }
}
