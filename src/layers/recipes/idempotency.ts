/**
 * Does something once for a key and answers every repeat with the first result.
 *
 * I1. `transact`: the work's writes and its result are one commit. Exactly once, whatever crashes.
 * I2. `run`: for work that reaches beyond the store. At most one process is at it; if that one dies
 *     before the result is stored, the next caller runs it again. What fails is not remembered.
 * I3. The first result that was stored is everybody's, for `ttlMs` from then on.
 * I4. A repeat whose fingerprint differs is `stamp_reused`: it asks for something else.
 */
import { HoldfastError } from '../../errors/index.ts';
import { limits, StoredValue } from '../../ledger/index.ts';
import type { Entry, Mutation } from '../../ledger/index.ts';
import { Scopes } from '../scopes/index.ts';
import type { ScopeHost, Transaction } from '../scopes/index.ts';
import { refOf, scopeOf } from './keyspace.ts';
import { checkAmount, checkOptional } from './recipe-app.ts';
import type { RecipeApp } from './recipe-app.ts';
import { SingleFlight } from './single-flight.ts';
import type { Claim } from './single-flight.ts';

export interface IdempotencyOptions {
  /** How long results are kept. Default 24 h. */
  readonly ttlMs?: number | undefined;
  /** After this a process that runs and says nothing counts as lost. Default 30,000. */
  readonly leaseMs?: number | undefined;
}

export interface OnceOptions {
  /** Of the request: its body, or a digest of it. */
  readonly fingerprint?: string | undefined;
}

export interface Once<T> {
  readonly value: T;
  /** Whether this is the result of an earlier call. */
  readonly replayed: boolean;
}

interface Kept {
  readonly fingerprint?: string;
  /** Left out for undefined. */
  readonly value?: unknown;
}

const ttlDefaultMs = 24 * 60 * 60 * 1000;
const leaseDefaultMs = 30_000;

export class Idempotency {
  readonly name: string;
  readonly #host: ScopeHost;
  readonly #scope: string;
  readonly #ttlMs: number;
  readonly #flights: SingleFlight;
  /** By key: the last call of this process; the next one waits for it. */
  readonly #running = new Map<string, Promise<unknown>>();

  /** Throws `invalid_argument`, `invalid_name`. */
  constructor({ host }: RecipeApp, name: string, options: IdempotencyOptions = {}) {
    const { ttlMs = ttlDefaultMs, leaseMs = leaseDefaultMs } = options;
    checkAmount(ttlMs, 'ttlMs');
    checkOptional(leaseMs, 'leaseMs');
    this.name = name;
    this.#host = host;
    this.#scope = scopeOf('once', name);
    this.#ttlMs = ttlMs;
    this.#flights = new SingleFlight(host, this.#scope, leaseMs);
  }

  /**
   * Runs `work` unless its result is known; callers that come meanwhile wait for it. The result
   * must be a JSON value or undefined. Throws what `work` throws, and `stamp_reused`.
   *
   * Hand the key on to whatever `work` calls, so that it can recognise a repeat after a crash.
   *
   * @example
   * const payments = new Idempotency(app, 'payments');
   * const charge = async () => ({ receipt: 7 });
   * await payments.run('order-1', charge); // => { value: { receipt: 7 }, replayed: false }
   * await payments.run('order-1', charge); // => { value: { receipt: 7 }, replayed: true }
   */
  async run<T>(
    key: string,
    work: (signal: AbortSignal) => Promise<T> | T,
    options: OnceOptions = {},
  ): Promise<Once<T>> {
    // The claim tells processes apart, not callers: those of one process wait in line.
    const before = this.#running.get(key);
    const go = (): Promise<Once<T>> => this.#run(key, work, options);
    const turn = before === undefined ? go() : before.then(go, go);
    this.#running.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#running.get(key) === turn) this.#running.delete(key);
    }
  }

  /**
   * Runs `work` as a transaction whose writes are committed together with its result. It may run
   * again if others interfere, so it should do nothing but read and write through its `tx`.
   *
   * @example
   * const transfers = new Idempotency(app, 'transfers');
   * for (const attempt of [1, 2]) {
   *   await transfers.transact('transfer-1', (tx) => {
   *     void tx.scope(scope).update('ada', [{ op: 'increment', by: 10 }]);
   *     return attempt;
   *   });
   * }
   * await scope.get('ada'); // => 10
   */
  transact<T>(
    key: string,
    work: (tx: Transaction) => Promise<T> | T,
    options: OnceOptions = {},
  ): Promise<Once<T>> {
    const ref = refOf(this.#scope, 'r', key);
    return new Scopes(this.#host).transact(async (tx) => {
      const kept = this.#kept<T>(key, await tx.read(ref), options);
      if (kept !== undefined) return kept;
      const result = keptOf(await work(tx), options);
      tx.add(this.#keeping(key, result));
      return { value: result.value as T, replayed: false };
    });
  }

  /**
   * Forgets a result: the next call runs again.
   *
   * @example
   * const payments = new Idempotency(app, 'payments');
   * await payments.run('order-1', () => 1);
   * await payments.forget('order-1');
   * await payments.run('order-1', () => 2); // => { value: 2, replayed: false }
   */
  async forget(key: string): Promise<void> {
    await this.#host.apply({
      mutations: [{ kind: 'delete', ...refOf(this.#scope, 'r', key) }, this.#flights.end(key)],
    });
  }

  async #run<T>(
    key: string,
    work: (signal: AbortSignal) => Promise<T> | T,
    options: OnceOptions,
  ): Promise<Once<T>> {
    for (;;) {
      const [entry] = await this.#host.ledger.read([refOf(this.#scope, 'r', key)]);
      const kept = this.#kept<T>(key, entry, options);
      if (kept !== undefined) return kept;
      const claim = await this.#flights.claim(key);
      if (claim.kind === 'elsewhere') {
        await this.#flights.ended(key, claim);
        continue;
      }
      const result = await this.#worked(key, claim, work, options);
      if (result !== undefined) return result;
    }
  }

  /** Undefined if somebody else's result came first. */
  async #worked<T>(
    key: string,
    claim: Claim,
    work: (signal: AbortSignal) => Promise<T> | T,
    options: OnceOptions,
  ): Promise<Once<T> | undefined> {
    const ref = refOf(this.#scope, 'r', key);
    let result: Kept;
    try {
      // Somebody may have finished between the look and the claim.
      const [known] = await this.#host.ledger.read([ref]);
      if (known !== undefined) {
        await claim.giveUp();
        return undefined;
      }
      result = keptOf(await work(claim.signal), options);
    } catch (error) {
      await claim.giveUp();
      throw error;
    }
    // Even if the claim was lost on the way: what was done should not be done again.
    const isFirst = { kind: 'version', ...ref, version: 0 } as const;
    if (!(await claim.publish([this.#keeping(key, result)], [isFirst]))) return undefined;
    return { value: result.value as T, replayed: false };
  }

  #keeping(key: string, value: Kept): Mutation {
    return { kind: 'set', ...refOf(this.#scope, 'r', key), value, ttlMs: this.#ttlMs };
  }

  #kept<T>(
    key: string,
    entry: Entry | undefined,
    { fingerprint }: OnceOptions,
  ): Once<T> | undefined {
    if (entry === undefined) return undefined;
    const kept = entry.value.decode() as Kept;
    if (kept.fingerprint === fingerprint) return { value: kept.value as T, replayed: true };
    const text = `'${key}' in '${this.name}' was used for another request before`;
    throw new HoldfastError('stamp_reused', text, { details: { key, name: this.name } });
  }
}

/** As the store will give it back: the first caller gets what every repeat gets. */
function keptOf(value: unknown, { fingerprint }: OnceOptions): Kept {
  return StoredValue.of({ fingerprint, value }, limits.valueBytesMax).decode() as Kept;
}
