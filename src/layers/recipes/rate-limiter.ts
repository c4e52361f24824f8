/**
 * Limits how often something may be done, for all processes that share the ledger.
 *
 * R1. Never one too many, however many ask at once, in however many processes: each decision is
 *     committed against what the one before it left.
 * R2. Time is the ledger's, and runs forward from decision to decision. Each is made at a moment
 *     between the call and its commit: callers whose clocks disagree are all judged by one.
 * R3. A refusal writes nothing. What nobody uses any more is forgotten.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { ScopeHost } from '../scopes/index.ts';
import { scopeOf } from './keyspace.ts';
import { LedgerTime } from './ledger-time.ts';
import { DecisionLane } from './rate-limits/decision-lane.ts';
import { FixedWindow } from './rate-limits/fixed-window.ts';
import type { RateLimit, Verdict } from './rate-limits/rate-limit.ts';
import { SlidingWindow } from './rate-limits/sliding-window.ts';
import { TokenBucket } from './rate-limits/token-bucket.ts';
import { checkAmount, checkOptional } from './recipe-app.ts';
import type { RecipeApp } from './recipe-app.ts';

export type RateLimiterOptions =
  /** At most `limit` in a window that begins with the first. */
  | { readonly kind: 'fixed-window'; readonly limit: number; readonly windowMs: number }
  /** At most `limit` in any span of `windowMs`, counted in `slots` parts of it (default 32). */
  | {
      readonly kind: 'sliding-window';
      readonly limit: number;
      readonly windowMs: number;
      readonly slots?: number | undefined;
    }
  /** Bursts of up to `capacity`; one more comes every `refillMs`. */
  | { readonly kind: 'token-bucket'; readonly capacity: number; readonly refillMs: number };

export interface RateVerdict extends Verdict {
  /** The limit or capacity. */
  readonly limit: number;
}

const slotsDefault = 32;

export class RateLimiter {
  readonly name: string;
  readonly #host: ScopeHost;
  readonly #scope: string;
  readonly #limit: RateLimit;
  readonly #lane: DecisionLane;

  /** Throws `invalid_argument`, `invalid_name`. */
  constructor({ host }: RecipeApp, name: string, options: RateLimiterOptions) {
    this.name = name;
    this.#host = host;
    this.#scope = scopeOf('limit', name);
    this.#limit = limitOf(options);
    const rule = { kind: options.kind, limit: this.#limit };
    this.#lane = new DecisionLane(host, new LedgerTime(host.ledger), this.#scope, rule);
  }

  /**
   * Takes `cost` for a key, if it is there: all of it or nothing. A refusal is an answer.
   *
   * Costs two reads and a commit, which those who wait together share; a refusal commits nothing.
   * How durable it is, the app says: `app.with({ durability: 'relaxed' })` may forget the last of
   * it in a power cut. Throws `invalid_argument` for a cost that can never be there, `contended`.
   *
   * @example
   * const logins = new RateLimiter(app, 'logins', {
   *   kind: 'fixed-window', limit: 2, windowMs: 60_000,
   * });
   * (await logins.take('ada')).remaining; // => 1
   * await logins.take('ada');
   * const { allowed, retryMs } = await logins.take('ada');
   * [allowed, retryMs > 0]; // => [false, true]
   */
  async take(key: string, cost = 1): Promise<RateVerdict> {
    checkAmount(cost, 'cost');
    if (cost > this.#limit.most) {
      const text = `a cost of ${cost} can never be met: at most ${this.#limit.most} at once`;
      throw new HoldfastError('invalid_argument', text, { details: { cost, key } });
    }
    return { ...(await this.#lane.take(key, cost)), limit: this.#limit.most };
  }

  /**
   * What `take` would answer, without taking anything.
   *
   * @example
   * const calls = new RateLimiter(app, 'calls', {
   *   kind: 'token-bucket', capacity: 10, refillMs: 100,
   * });
   * await calls.take('ada', 4);
   * (await calls.peek('ada')).allowed; // => true
   * (await calls.peek('ada', 10)).allowed; // => false
   */
  async peek(key: string, cost = 1): Promise<RateVerdict> {
    checkAmount(cost, 'cost');
    const verdict = await this.#lane.look(key, cost);
    const remaining = verdict.allowed ? verdict.remaining + cost : verdict.remaining;
    return { ...verdict, remaining, limit: this.#limit.most };
  }

  /**
   * Forgets what was taken for a key.
   *
   * @example
   * const mails = new RateLimiter(app, 'mails', {
   *   kind: 'sliding-window', limit: 1, windowMs: 60_000,
   * });
   * await mails.take('ada');
   * await mails.reset('ada');
   * (await mails.take('ada')).allowed; // => true
   */
  async reset(key: string): Promise<void> {
    await this.#host.apply({ mutations: [{ kind: 'delete', scope: this.#scope, key }] });
  }
}

function limitOf(options: RateLimiterOptions): RateLimit {
  switch (options.kind) {
    case 'fixed-window':
      checkAmount(options.limit, 'limit');
      checkAmount(options.windowMs, 'windowMs');
      return new FixedWindow(options.limit, options.windowMs);
    case 'sliding-window':
      checkAmount(options.limit, 'limit');
      checkAmount(options.windowMs, 'windowMs');
      checkOptional(options.slots, 'slots');
      return new SlidingWindow(options.limit, options.windowMs, options.slots ?? slotsDefault);
    case 'token-bucket':
      checkAmount(options.capacity, 'capacity');
      checkAmount(options.refillMs, 'refillMs');
      checkAmount(options.capacity * options.refillMs, 'capacity times refillMs');
      return new TokenBucket(options.capacity, options.refillMs);
    default: {
      const { kind } = options as { kind?: unknown };
      throw new HoldfastError('invalid_argument', `there is no rate limit '${String(kind)}'`);
    }
  }
}
