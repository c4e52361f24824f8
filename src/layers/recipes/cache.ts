/**
 * Values that are expensive to compute and good for a while.
 *
 * C1. One computation at a time for a key, whichever processes ask: the others wait for it. It is
 *     done again only if its process died, failed, or was lost for longer than `leaseMs`.
 * C2. A value is fresh for `ttlMs` from its commit, by the ledger's time, to the millisecond. For
 *     `staleMs` more it is served at once while one process computes it anew.
 * C3. What was computed before a `set` or `delete` never overwrites it, however late it comes.
 * C4. A failure is not remembered. That there is no value is, for `missingMs`, if you wish.
 *
 * The store's outage is an error, not a miss: catch it where you would rather compute.
 */
import { limits, StoredValue } from '../../ledger/index.ts';
import type { Mutation } from '../../ledger/index.ts';
import { Scope, ValueCodec } from '../scopes/index.ts';
import type { CodecOptions, Encoded, ScopeHost } from '../scopes/index.ts';
import { refOf, scopeOf } from './keyspace.ts';
import { checkAmount, checkOptional } from './recipe-app.ts';
import type { RecipeApp } from './recipe-app.ts';
import { SingleFlight } from './single-flight.ts';
import type { Claim } from './single-flight.ts';

export interface CacheOptions<In, Out> extends CodecOptions<In, Out> {
  /** How long a value is fresh. */
  readonly ttlMs: number;
  /** How long after that it may be served while it is computed anew. Default 0. */
  readonly staleMs?: number | undefined;
  /** How long it is remembered that there is no value. Default: not at all. */
  readonly missingMs?: number | undefined;
  /** After this a process that computes and says nothing counts as lost. Default 10,000. */
  readonly leaseMs?: number | undefined;
  /** Told of failures to compute a stale value anew, which nobody waits for. */
  readonly onError?: ((error: unknown, key: string) => void) | undefined;
}

/** Undefined means that there is no value. The signal aborts once nobody needs the answer. */
export type Compute<In> = (
  key: string,
  signal: AbortSignal,
) => Promise<In | undefined> | In | undefined;

type Found =
  | { readonly kind: 'none' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'fresh' | 'stale'; readonly value: Encoded };

const leaseDefaultMs = 10_000;

export class Cache<In = unknown, Out = In> {
  readonly name: string;
  readonly #host: ScopeHost;
  readonly #scope: string;
  readonly #codec: ValueCodec<In, Out>;
  readonly #options: CacheOptions<In, Out>;
  readonly #flights: SingleFlight;
  /** By key: what this process computes or waits for. */
  readonly #running = new Map<string, Promise<Encoded | undefined>>();
  /** The keys whose stale values this process computes anew. */
  readonly #refreshing = new Set<string>();

  /** Throws `invalid_argument`, `invalid_name`. */
  constructor({ host }: RecipeApp, name: string, options: CacheOptions<In, Out>) {
    const { ttlMs, staleMs, missingMs, leaseMs = leaseDefaultMs } = options;
    checkAmount(ttlMs, 'ttlMs');
    checkOptional(staleMs, 'staleMs', 0);
    checkOptional(missingMs, 'missingMs');
    checkAmount(leaseMs, 'leaseMs');
    this.name = name;
    this.#host = host;
    this.#scope = scopeOf('cache', name);
    this.#codec = new ValueCodec(`cache '${name}'`, options);
    this.#options = options;
    this.#flights = new SingleFlight(host, this.#scope, leaseMs);
  }

  /**
   * The value of a key; computed if there is none. Undefined if `compute` says that there is none.
   * Throws what `compute` throws, and `schema_mismatch`.
   *
   * A fresh or stale value costs one read. A computation costs two commits beside itself.
   *
   * @example
   * const weather = new Cache<{ degrees: number }>(app, 'weather', { ttlMs: 60_000 });
   * let asked = 0;
   * const ask = async () => ({ degrees: 20 + (asked += 1) });
   * await Promise.all([weather.getOrCompute('Rome', ask), weather.getOrCompute('Rome', ask)]);
   * await weather.getOrCompute('Rome', ask); // => { degrees: 21 }
   */
  async getOrCompute(key: string, compute: Compute<In>): Promise<Out | undefined> {
    const found = await this.#look(key);
    switch (found.kind) {
      case 'missing':
        return undefined;
      case 'fresh':
        return this.#codec.decode(found.value);
      case 'stale':
        this.#refresh(key, compute);
        return this.#codec.decode(found.value);
      case 'none': {
        const value = await this.#shared(key, compute);
        // Each caller gets a value of its own.
        return value && this.#codec.decode(value);
      }
    }
  }

  /**
   * The value of a key if there is one, fresh or stale.
   *
   * @example
   * const cache = new Cache<string>(app, 'pages', { ttlMs: 60_000 });
   * await cache.get('/'); // => undefined
   */
  async get(key: string): Promise<Out | undefined> {
    const found = await this.#look(key);
    const value = valueOf(found);
    return value && this.#codec.decode(value);
  }

  /**
   * Puts a value in, fresh from now on. A computation under way is for nothing.
   *
   * @example
   * const cache = new Cache<string>(app, 'pages', { ttlMs: 60_000 });
   * await cache.set('/', '<html>');
   * await cache.get('/'); // => '<html>'
   */
  async set(key: string, value: In): Promise<void> {
    const encoded = await this.#codec.encode(key, value);
    const mutations = [...this.#writes(key, encoded), this.#flights.end(key)];
    await this.#host.apply({ mutations });
    this.#running.delete(key);
  }

  /**
   * Takes a value out. A computation under way is for nothing: it may have seen what is no more.
   *
   * @example
   * const cache = new Cache<string>(app, 'pages', { ttlMs: 60_000 });
   * await cache.set('/', '<html>');
   * await cache.delete('/');
   * await cache.get('/'); // => undefined
   */
  async delete(key: string): Promise<void> {
    const forgotten = (['v', 'f'] as const).map((letter): Mutation => {
      return { kind: 'delete', ...refOf(this.#scope, letter, key) };
    });
    await this.#host.apply({ mutations: [...forgotten, this.#flights.end(key)] });
    // Whoever asks from now on must not be given what was computed before.
    this.#running.delete(key);
  }

  /**
   * Takes everything out, in steps.
   *
   * @example
   * const cache = new Cache<string>(app, 'pages', { ttlMs: 60_000 });
   * await cache.set('/', '<html>');
   * await cache.clear();
   * await cache.get('/'); // => undefined
   */
  async clear(): Promise<void> {
    await new Scope(this.#host, this.#scope).clear();
    this.#running.clear();
  }

  async #look(key: string): Promise<Found> {
    const refs = [refOf(this.#scope, 'v', key), refOf(this.#scope, 'f', key)];
    const [value, freshness] = await this.#host.ledger.read(refs);
    if (freshness?.value.decode() === 0) return { kind: 'missing' };
    if (value === undefined) return { kind: 'none' };
    const named = { key, schema: value.schema, value: value.value };
    return { kind: freshness === undefined ? 'stale' : 'fresh', value: named };
  }

  /** Nobody waits for it; whoever asks meanwhile is served the stale value, too. */
  #refresh(key: string, compute: Compute<In>): void {
    if (this.#refreshing.has(key)) return;
    this.#refreshing.add(key);
    const refreshed = this.#flights.claim(key).then(async (claim) => {
      if (claim.kind === 'claimed') await this.#publish(key, claim, compute);
    });
    refreshed
      .catch((error: unknown) => this.#options.onError?.(error, key))
      .finally(() => this.#refreshing.delete(key));
  }

  /** One computation for all callers of this process, who share one claim. */
  #shared(key: string, compute: Compute<In>): Promise<Encoded | undefined> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const computed = this.#computed(key, compute).finally(() => {
      if (this.#running.get(key) === computed) this.#running.delete(key);
    });
    this.#running.set(key, computed);
    return computed;
  }

  async #computed(key: string, compute: Compute<In>): Promise<Encoded | undefined> {
    for (;;) {
      const claim = await this.#flights.claim(key);
      if (claim.kind === 'claimed') return this.#publish(key, claim, compute);
      await this.#flights.ended(key, claim);
      const found = await this.#look(key);
      if (found.kind !== 'none') return valueOf(found);
    }
  }

  async #publish(key: string, claim: Claim, compute: Compute<In>): Promise<Encoded | undefined> {
    let value: StoredValue | undefined;
    try {
      // Somebody may have finished between the look and the claim.
      const found = await this.#look(key);
      if (found.kind === 'missing' || found.kind === 'fresh') {
        await claim.giveUp();
        return valueOf(found);
      }
      value = await this.#asked(key, claim, compute);
    } catch (error) {
      await claim.giveUp();
      throw error;
    }
    const mutations = value === undefined ? this.#missing(key) : this.#writes(key, value);
    if (!(await claim.publish(mutations))) {
      // Somebody took over, or wrote or removed the value: what they left counts.
      const found = await this.#look(key);
      if (found.kind !== 'none') return valueOf(found);
    }
    return value && { key, schema: this.#codec.version, value };
  }

  async #asked(
    key: string,
    { signal }: Claim,
    compute: Compute<In>,
  ): Promise<StoredValue | undefined> {
    const value = await compute(key, signal);
    if (value === undefined) return undefined;
    return StoredValue.of(await this.#codec.encode(key, value), limits.valueBytesMax);
  }

  #writes(key: string, value: unknown): Mutation[] {
    const { ttlMs, staleMs = 0 } = this.#options;
    const schema = this.#codec.version;
    const valueRef = refOf(this.#scope, 'v', key);
    return [
      { kind: 'set', ...valueRef, value, schema, ttlMs: ttlMs + staleMs },
      { kind: 'set', ...refOf(this.#scope, 'f', key), value: 1, ttlMs },
    ];
  }

  #missing(key: string): Mutation[] {
    const { missingMs } = this.#options;
    const gone: Mutation = { kind: 'delete', ...refOf(this.#scope, 'v', key) };
    if (missingMs === undefined) return [gone];
    return [gone, { kind: 'set', ...refOf(this.#scope, 'f', key), value: 0, ttlMs: missingMs }];
  }
}

function valueOf(found: Found): Encoded | undefined {
  return 'value' in found ? found.value : undefined;
}
