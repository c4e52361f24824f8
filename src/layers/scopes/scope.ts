/**
 * A scope: typed values under text keys, read and written.
 *
 * W1. A write resolves when it is durable as its `durability` asks (default: on disk), and every
 *     later read of anyone sees it.
 * W2. A write is all of it or none; a rejected one changed nothing unless the error's `outcome`
 *     says that it is not known.
 * W3. What the schema refuses is not written: `schema_mismatch`.
 *
 * Any write may throw `invalid_value`, `invalid_name`, `limit_exceeded`, `quota_exceeded`, `busy`,
 * `unavailable`, `disk_full` or `outcome_unknown`.
 */
import type { Mutation, Operation, Receipt, SetMutation } from '../../ledger/index.ts';
import { migrateAll } from './rewriting/migrate-all.ts';
import { ReadableScope } from './readable-scope.ts';
import type { Rewrite } from './rewriting/rewrite.ts';
import type {
  Expectation,
  MigrationReport,
  RangeOptions,
  Swapped,
  TimeToLive,
  WriteOptions,
  Written,
  WrittenValues,
} from './scope-options.ts';
import { pagesOf } from './scan.ts';
import { updateEntry } from './rewriting/updating.ts';
import type { UpdateFunction } from './rewriting/updating.ts';
import {
  applyForValues,
  rewriteForValues,
  withValues,
  writtenOf,
} from './rewriting/written-values.ts';

type WantsValues = WriteOptions & { readonly returns: 'values' };

const clearedPerCommit = 1000;
const none: WriteOptions = {};

export class Scope<In = unknown, Out = In> extends ReadableScope<In, Out> {
  /**
   * Writes a value, whatever was there. Its time to live is the scope's unless `ttlMs` is given.
   *
   * @example
   * const { change } = await scope.set('ada', 7, { ttlMs: 60_000 });
   * change; // => 'created'
   * const { previous, value } = await scope.set('ada', 8, { returns: 'values' });
   * [previous, value]; // => [7, 8]
   */
  set(key: string, value: In, options: WantsValues): Promise<WrittenValues<Out>>;
  set(key: string, value: In, options?: WriteOptions): Promise<Written>;
  async set(key: string, value: In, options: WriteOptions = none): Promise<Written> {
    let encoded = this.codec.encode(key, value);
    if (encoded instanceof Promise) encoded = await encoded;
    const mutation = this.#setMutation(key, encoded, options.ttlMs);
    if (options.returns !== 'values') return this.#written(await this.#apply(mutation, options));
    if (this.codec.isVersioned)
      return rewriteForValues(
        this.host,
        this.codec,
        this.#job(key, () => mutation, options),
      );
    return applyForValues(this, this.host, mutation, options.durability);
  }

  /**
   * Writes several entries in one commit, up to 1,000. Results are in the order of the entries.
   *
   * @example
   * const results = await scope.setMany([['ada', 1], ['bob', 2]], { ttlMs: 60_000 });
   * results.map(({ change }) => change); // => ['created', 'created']
   */
  async setMany(
    entries: Iterable<readonly [string, In]> | Readonly<Record<string, In>>,
    options: Omit<WriteOptions, 'returns'> = none,
  ): Promise<readonly Written[]> {
    const pairs = Symbol.iterator in entries ? [...entries] : Object.entries(entries);
    const values = pairs.map(([key, value]) => this.codec.encode(key, value));
    const encoded = this.codec.isPlain ? values : await Promise.all(values);
    const mutations = pairs.map(([key], index) => {
      return this.#setMutation(key, encoded[index], options.ttlMs);
    });
    if (mutations.length === 0) return [];
    const proposal = { mutations, quotas: this.quotas };
    const receipt = await this.host.apply(proposal, options.durability);
    return receipt.results.map((result) => writtenOf(result, receipt.position));
  }

  /**
   * Removes an entry. Tells whether there was one, or with `returns: 'values'` its value too.
   *
   * @example
   * await scope.set('ada', 7);
   * await scope.delete('ada'); // => true
   * await scope.delete('ada'); // => false
   */
  delete(key: string, options: WantsValues): Promise<WrittenValues<Out>>;
  delete(key: string, options?: Omit<WriteOptions, 'ttlMs'>): Promise<boolean>;
  async delete(key: string, options: WriteOptions = none): Promise<boolean | Written> {
    const mutation = { kind: 'delete', scope: this.name, key } as const;
    if (options.returns !== 'values') {
      return this.#written(await this.#apply(mutation, options)).change === 'deleted';
    }
    if (this.codec.isVersioned)
      return rewriteForValues(
        this.host,
        this.codec,
        this.#job(key, () => undefined, options),
      );
    return applyForValues(this, this.host, mutation, options.durability);
  }

  /**
   * Removes several entries in one commit, up to 1,000. Returns how many there were.
   *
   * @example
   * await scope.setMany({ ada: 1, bob: 2 });
   * await scope.deleteMany(['ada', 'bob', 'cy']); // => 2
   */
  async deleteMany(
    keys: Iterable<string>,
    options: Pick<WriteOptions, 'durability'> = none,
  ): Promise<number> {
    const mutations = Array.from(keys, (key) => {
      return { kind: 'delete', scope: this.name, key } as const;
    });
    if (mutations.length === 0) return 0;
    const { results } = await this.host.apply({ mutations }, options.durability);
    return results.reduce((sum, { change }) => sum + (change === 'deleted' ? 1 : 0), 0);
  }

  /**
   * Changes a value by operations or by a synchronous function of the value that is there; nothing
   * that others write meanwhile is lost. An entry keeps its time to live unless the scope or
   * `ttlMs` says otherwise.
   *
   * A function may be called again with a fresher value. Operations cost one commit; with a schema,
   * whose verdict they need, they cost what a function costs: a read and a checked commit.
   * Throws `operation_failed` if an operation does not apply, `contended` if others always won.
   *
   * @example
   * await scope.update('ada', [{ op: 'increment', by: 2 }]);
   * await scope.update('ada', (visits = 0) => visits * 10);
   * await scope.get('ada'); // => 20
   */
  update(
    key: string,
    change: readonly Operation[] | UpdateFunction<In, Out>,
    options: WantsValues,
  ): Promise<WrittenValues<Out>>;
  update(
    key: string,
    change: readonly Operation[] | UpdateFunction<In, Out>,
    options?: WriteOptions,
  ): Promise<Written>;
  async update(
    key: string,
    change: readonly Operation[] | UpdateFunction<In, Out>,
    options: WriteOptions = none,
  ): Promise<Written> {
    const { codec, host, name: scope, quotas } = this;
    const wanted = options.ttlMs === undefined ? this.ttlMs : options.ttlMs;
    const ttlMs = wanted === 'keep' ? undefined : wanted;
    if (typeof change !== 'function' && codec.isPlain) {
      const mutation = { kind: 'update', scope, key, operations: change, ttlMs } as const;
      if (options.returns === 'values')
        return applyForValues(this, this.host, mutation, options.durability);
      return this.#written(await this.#apply(mutation, options));
    }
    const { durability } = options;
    const job = { host, scope, key, codec, change, ttlMs, durability, quotas };
    const { before, after, ...written } = await updateEntry(job);
    return options.returns === 'values' ? withValues(codec, written, before, after) : written;
  }

  /**
   * Writes only if the entry is as expected: of a version, of a value, or absent. A miss is an
   * answer, not an error.
   *
   * @example
   * const { version } = await scope.set('ada', 7);
   * (await scope.compareAndSet('ada', { version }, 8)).kind; // => 'swapped'
   * (await scope.compareAndSet('ada', { value: 7 }, 9)).kind; // => 'conflict'
   * (await scope.compareAndSet('bob', { absent: true }, 1)).kind; // => 'swapped'
   */
  async compareAndSet(
    key: string,
    expected: Expectation<In>,
    value: In,
    options: Omit<WriteOptions, 'returns'> = none,
  ): Promise<Swapped> {
    const ref = { scope: this.name, key };
    const encoded = await this.codec.encode(key, value);
    const check =
      'value' in expected
        ? ({ kind: 'value', ...ref, value: expected.value } as const)
        : {
            kind: 'version' as const,
            ...ref,
            version: 'absent' in expected ? 0 : expected.version,
          };
    const mutations = [this.#setMutation(key, encoded, options.ttlMs)];
    const proposal = { checks: [check], mutations, quotas: this.quotas };
    const answer = await this.host.commit(proposal, options.durability);
    if (answer.kind === 'committed') return { kind: 'swapped', ...this.#written(answer) };
    const version = answer.failures[0]?.actual ?? 0;
    return { kind: 'conflict', version, position: answer.position };
  }

  /**
   * Gives an entry a new time to live, or none with null. Tells whether there was one.
   *
   * @example
   * await scope.set('ada', 7);
   * await scope.touch('ada', 60_000); // => true
   * (await scope.entry('ada'))?.expiresAt; // => expect.any(Number)
   */
  async touch(
    key: string,
    ttlMs: number | null,
    options: Pick<WriteOptions, 'durability'> = none,
  ): Promise<boolean> {
    const mutation = { kind: 'touch', scope: this.name, key, ttlMs } as const;
    return this.#written(await this.#apply(mutation, options)).change !== 'none';
  }

  /**
   * Removes the entries that were there when it began, in commits of up to 1,000. Returns how many.
   * If it fails halfway, what is gone is gone; call it again.
   *
   * @example
   * await scope.setMany({ a1: 1, a2: 2, b1: 3 });
   * await scope.clear({ prefix: 'a' }); // => 2
   * await scope.clear(); // => 1
   */
  async clear(range: RangeOptions = {}): Promise<number> {
    const query = {
      ...this.query({ ...range, pageSize: clearedPerCommit }),
      keysOnly: true,
    } as const;
    let cleared = 0;
    for await (const heads of pagesOf((page) => this.host.ledger.scan(page), query, {})) {
      cleared += await this.deleteMany(heads.map(({ key }) => key));
    }
    return cleared;
  }

  /**
   * Removes an entry and every value that it ever had, from the state, from the log and from the
   * dead letters of triggers. It costs a pass over the log that is kept.
   *
   * @example
   * await scope.set('ada', 7);
   * (await scope.erase('ada')).existed; // => true
   */
  erase(key: string): Promise<{ readonly existed: boolean; readonly changes: number }> {
    return this.host.erase({ scope: this.name, key });
  }

  /**
   * Rewrites every entry of an older version in the current one, in batches that give way to other
   * writers. What no migration or schema accepts is reported and stays as it is.
   *
   * @example
   * await app.scope('users').set('ada', 'Ada Lovelace');
   * const users = app.scope('users', { version: 1, migrate: { 0: (name) => ({ name }) } });
   * await users.migrateAll(); // => { migrated: 1, current: 0, refused: [] }
   */
  migrateAll(): Promise<MigrationReport> {
    return migrateAll(this.host, this);
  }

  #setMutation(key: string, value: unknown, ttlMs: TimeToLive | undefined): SetMutation {
    const schema = this.codec.version;
    return { kind: 'set', scope: this.name, key, value, ttlMs: this.#ttl(ttlMs), schema };
  }

  #ttl(ttlMs: TimeToLive | undefined): number | 'keep' | undefined {
    return ttlMs === undefined ? this.ttlMs : (ttlMs ?? undefined);
  }

  #apply(mutation: Mutation, { durability }: WriteOptions): Promise<Receipt> {
    return this.host.apply({ mutations: [mutation], quotas: this.quotas }, durability);
  }

  #job(key: string, next: Rewrite['next'], { durability }: WriteOptions): Rewrite {
    return { scope: this.name, key, quotas: this.quotas, durability, next };
  }

  #written(receipt: Receipt): Written {
    return writtenOf(receipt.results[0] ?? { change: 'none', version: 0 }, receipt.position);
  }
}
