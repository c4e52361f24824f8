/**
 * Who is logged in: data under ids that are secrets.
 *
 * S1. A session ends `ttlMs` after it was last used, and `maxAgeMs` after it began, by the ledger's
 *     time, to the millisecond.
 * S2. An id is 128 random bits. The store keeps its SHA-256 only: who reads the store, its log or a
 *     backup cannot become anybody.
 * S3. After `rotate` the old id is nobody's; there is no moment at which both are good, or none.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Mutation } from '../../ledger/index.ts';
import { Scope, Scopes } from '../scopes/index.ts';
import type { CodecOptions, ScopeHost } from '../scopes/index.ts';
import { refOf, scopeOf } from './keyspace.ts';
import { LedgerTime } from './ledger-time.ts';
import { checkAmount, checkOptional } from './recipe-app.ts';
import type { RecipeApp } from './recipe-app.ts';

export interface SessionStoreOptions<In, Out> extends CodecOptions<In, Out> {
  /** How long a session lives unused. */
  readonly ttlMs: number;
  /** How long it lives at all. Default: as long as it is used. */
  readonly maxAgeMs?: number | undefined;
}

const idBytes = 16;
/** A use is recorded once this share of the life is over: not every read is a write. */
const recordedShare = 0.1;

class Absent extends Error {}

export class SessionStore<In = unknown, Out = In> {
  readonly name: string;
  readonly #host: ScopeHost;
  readonly #ttlMs: number;
  readonly #maxAgeMs: number | undefined;
  readonly #scope: Scope<In, Out>;
  readonly #time: LedgerTime;

  /** Throws `invalid_argument`, `invalid_name`. */
  constructor({ host }: RecipeApp, name: string, options: SessionStoreOptions<In, Out>) {
    const { ttlMs, maxAgeMs, schema, version, migrate } = options;
    checkAmount(ttlMs, 'ttlMs');
    checkOptional(maxAgeMs, 'maxAgeMs');
    this.name = name;
    this.#host = host;
    this.#ttlMs = ttlMs;
    this.#maxAgeMs = maxAgeMs;
    this.#scope = new Scope(host, scopeOf('visitor', name), { schema, version, migrate, ttlMs });
    this.#time = new LedgerTime(host.ledger);
  }

  /**
   * Begins a session and tells its id, a secret to be handed to the visitor.
   * Throws `schema_mismatch`.
   *
   * @example
   * const sessions = new SessionStore<{ user: string }>(app, 'web', { ttlMs: 1_800_000 });
   * const id = await sessions.create({ user: 'ada' });
   * await sessions.get(id); // => { user: 'ada' }
   */
  async create(data: In): Promise<string> {
    const id = this.#host.random.hex(idBytes);
    const digest = await digestOf(id);
    const { codec } = this.#scope;
    const value = await codec.encode(id, data);
    const ref = this.#refOf('d', digest);
    const mutations: Mutation[] = [
      { kind: 'set', ...ref, value, schema: codec.version, ttlMs: this.#ttlMs },
    ];
    if (this.#maxAgeMs !== undefined) {
      mutations.push({ kind: 'set', ...this.#refOf('m', digest), value: 1, ttlMs: this.#maxAgeMs });
    }
    await this.#host.apply({ mutations });
    return id;
  }

  /**
   * The data of a session that lives, which is thereby used; undefined otherwise. A use is recorded
   * (one relaxed commit) once a tenth of the time to live is over.
   * Throws `schema_mismatch`.
   *
   * @example
   * const sessions = new SessionStore(app, 'web', { ttlMs: 1_800_000 });
   * await sessions.get('made up'); // => undefined
   */
  async get(id: string): Promise<Out | undefined> {
    const digest = await digestOf(id);
    const refs = [this.#refOf('d', digest), this.#refOf('m', digest)];
    const [[data, age], now] = await Promise.all([this.#host.ledger.read(refs), this.#time.now()]);
    if (data === undefined || (age === undefined && this.#maxAgeMs !== undefined)) return undefined;
    const left = (data.expiresAt ?? now) - now;
    if (left < this.#ttlMs * (1 - recordedShare)) {
      const touch: Mutation = { kind: 'touch', ...this.#refOf('d', digest), ttlMs: this.#ttlMs };
      await this.#host.apply({ mutations: [touch] }, 'relaxed');
    }
    return this.#scope.codec.decode(data);
  }

  /**
   * Changes the data of a session that lives, and tells the new data; undefined, and nothing
   * written, if it does not. The function is synchronous and may run again with fresher data.
   *
   * @example
   * const sessions = new SessionStore<{ items: number }>(app, 'shop', { ttlMs: 1_800_000 });
   * const id = await sessions.create({ items: 0 });
   * await sessions.update(id, ({ items }) => ({ items: items + 1 })); // => { items: 1 }
   */
  async update(id: string, change: (data: Out) => In): Promise<Out | undefined> {
    const digest = await digestOf(id);
    if (this.#maxAgeMs !== undefined) {
      const [age] = await this.#host.ledger.read([this.#refOf('m', digest)]);
      if (age === undefined) return undefined;
    }
    const changed = (data: Out | undefined): In => {
      if (data === undefined) throw new Absent();
      return change(data);
    };
    try {
      const { key } = this.#refOf('d', digest);
      return (await this.#scope.update(key, changed, { returns: 'values' })).value;
    } catch (error) {
      if (error instanceof Absent) return undefined;
      throw error;
    }
  }

  /**
   * Gives a session another id, as one must when somebody logs in or gains rights; undefined if it
   * does not live. Its data stays, and so does the moment at which it ends at the latest.
   *
   * @example
   * const sessions = new SessionStore<{ user: string }>(app, 'web', { ttlMs: 1_800_000 });
   * const id = await sessions.create({ user: 'ada' });
   * const next = await sessions.rotate(id);
   * await sessions.get(id); // => undefined
   * await sessions.get(next ?? ''); // => { user: 'ada' }
   */
  async rotate(id: string): Promise<string | undefined> {
    const next = this.#host.random.hex(idBytes);
    const [oldDigest, newDigest] = [await digestOf(id), await digestOf(next)];
    const [oldData, oldAge] = [this.#refOf('d', oldDigest), this.#refOf('m', oldDigest)];
    return new Scopes(this.#host).transact(async (tx) => {
      const [data, age] = await Promise.all([tx.read(oldData), tx.read(oldAge)]);
      if (data === undefined) return undefined;
      if (age === undefined && this.#maxAgeMs !== undefined) return undefined;
      const { value, schema } = data;
      const to = this.#refOf('d', newDigest);
      tx.add({ kind: 'set', ...to, value, schema, ttlMs: this.#ttlMs });
      tx.add({ kind: 'delete', ...oldData });
      if (age?.expiresAt !== undefined) {
        const { expiresAt } = age;
        tx.add({ kind: 'set', ...this.#refOf('m', newDigest), value: 1, expiresAt });
        tx.add({ kind: 'delete', ...oldAge });
      }
      return next;
    });
  }

  /**
   * Ends a session; tells whether it lived.
   *
   * @example
   * const sessions = new SessionStore(app, 'web', { ttlMs: 1_800_000 });
   * const id = await sessions.create({ user: 'ada' });
   * await sessions.end(id); // => true
   * await sessions.get(id); // => undefined
   */
  async end(id: string): Promise<boolean> {
    const digest = await digestOf(id);
    const mutations = (['d', 'm'] as const).map((letter): Mutation => {
      return { kind: 'delete', ...this.#refOf(letter, digest) };
    });
    const { results } = await this.#host.apply({ mutations });
    return results[0]?.change === 'deleted';
  }

  #refOf(letter: 'd' | 'm', digest: string) {
    return refOf(this.#scope.name, letter, digest);
  }
}

async function digestOf(id: string): Promise<string> {
  if (typeof id !== 'string') {
    throw new HoldfastError('invalid_argument', 'a session id is text');
  }
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
