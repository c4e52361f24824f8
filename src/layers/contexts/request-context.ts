/**
 * What one request of an app works with: its own state, and the state that all requests share.
 *
 * C1. `state` is this request's, for all its functions and processes; `appState` is the app's, for
 *     all requests and all versions of its code. Both are scopes, with everything that scopes have.
 * C2. A default stands for absence only: a store that cannot be reached is an error.
 * C3. `state` goes `reclaimMs` after `end`. Of a request that never ends, each entry goes `idleMs`
 *     after it was last written or renewed.
 */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { Mutation } from '../../ledger/index.ts';
import { pagesOf, Scope } from '../scopes/index.ts';
import type { ScopeHost } from '../scopes/index.ts';
import { appStateScope, requestScope, workerNames } from './names.ts';

export interface RequestOptions {
  /** How long the state stays after the end. Default an hour. */
  readonly reclaimMs?: number | undefined;
  /** How long an entry of a request that never ends stays. Default a week. */
  readonly idleMs?: number | undefined;
}

const hourMs = 60 * 60 * 1000;
const reclaimMsDefault = hourMs;
const idleMsDefault = 7 * 24 * hourMs;

export class RequestContext {
  /** What only this request sees. */
  readonly state: Scope;
  /** What all requests of the app see. */
  readonly appState: Scope;
  readonly #host: ScopeHost;
  readonly #reclaimMs: number;
  readonly #idleMs: number;

  private constructor(
    host: ScopeHost,
    names: { readonly state: string; readonly appState: string },
    options: RequestOptions,
  ) {
    const { reclaimMs = reclaimMsDefault, idleMs = idleMsDefault } = options;
    checkTime('reclaimMs', reclaimMs);
    checkTime('idleMs', idleMs);
    this.state = new Scope(host, names.state, { ttlMs: idleMs });
    this.appState = new Scope(host, names.appState);
    this.#host = host;
    this.#reclaimMs = reclaimMs;
    this.#idleMs = idleMs;
  }

  /**
   * In the process that has the app. Throws `invalid_name`.
   *
   * @example
   * const ctx = RequestContext.of(app.host, 'req-1');
   * await ctx.state.set('draft', 'Hello');
   * await app.request('req-1').state.get('draft'); // => 'Hello'
   */
  static of(host: ScopeHost, id: string, options: RequestOptions = {}): RequestContext {
    const names = { state: requestScope(id), appState: appStateScope };
    return new RequestContext(host, names, options);
  }

  /**
   * In a worker, over what `ContextLedger` serves: it says keys, and never whose.
   *
   * @example
   * const given = App.over(new ContextLedger(app.ledger, 'req-1'), app.host);
   * await RequestContext.served(given.host).state.set('draft', 'Hello');
   * await app.request('req-1').state.get('draft'); // => 'Hello'
   */
  static served(host: ScopeHost, options: RequestOptions = {}): RequestContext {
    return new RequestContext(host, workerNames, options);
  }

  /**
   * Says that the request is over: its state is reclaimed `reclaimMs` from now, and can be read
   * until then. Costs a write per entry. Ending twice starts the time anew.
   *
   * @example
   * const ctx = app.request('req-1', { reclaimMs: 60_000 });
   * await ctx.state.set('draft', 'Hello');
   * await ctx.end();
   * await ctx.state.get('draft'); // => 'Hello'
   */
  end(): Promise<void> {
    return this.#prolong(this.#reclaimMs);
  }

  /**
   * Gives all of the request's state its full `idleMs` anew, for requests that rest for long.
   *
   * @example
   * await app.request('req-1').renew();
   */
  renew(): Promise<void> {
    return this.#prolong(this.#idleMs);
  }

  async #prolong(ttlMs: number): Promise<void> {
    const { ledger } = this.#host;
    const scope = this.state.name;
    const query = { scope, limit: limits.mutationsPerProposal, keysOnly: true } as const;
    for await (const page of pagesOf((one) => ledger.scan(one), query, {})) {
      const mutations = page.map(({ key }): Mutation => ({ kind: 'touch', scope, key, ttlMs }));
      await this.#host.apply({ mutations });
    }
  }
}

function checkTime(name: string, ms: number): void {
  if (Number.isSafeInteger(ms) && ms > 0 && ms <= limits.ttlMsMax) return;
  throw new HoldfastError('invalid_argument', `${name} must be a positive whole number`, {
    details: { [name]: ms },
  });
}
