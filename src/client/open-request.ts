/**
 * The context of one request, in a worker on another machine: the token says whose it is, the
 * worker says keys.
 */
import { HoldfastError } from '../errors/index.ts';
import { RequestContext } from '../layers/contexts/index.ts';
import type { RequestOptions } from '../layers/contexts/index.ts';
import type { Scope } from '../layers/scopes/index.ts';
import type { Store } from '../store/store.ts';
import { open } from './open.ts';
import type { ClientOptions } from './options.ts';

export interface ServedRequestOptions extends ClientOptions, RequestOptions {
  /** Made by `mintWorkerToken` without grants. */
  readonly token: string;
}

export class ServedRequest implements AsyncDisposable {
  /** What only this request sees. */
  readonly state: Scope;
  /** What all requests of the app see. */
  readonly appState: Scope;
  readonly #context: RequestContext;
  readonly #store: Store;

  constructor(store: Store, context: RequestContext) {
    this.state = context.state;
    this.appState = context.appState;
    this.#context = context;
    this.#store = store;
  }

  /**
   * Says that the request is over: its state is reclaimed `reclaimMs` from now, and can be read
   * until then. Costs a write per entry. Ending twice starts the time anew.
   *
   * @example
   * import { mintWorkerToken, openRequest } from 'holdfast/client';
   * import { parseGrant, serve } from 'holdfast/server';
   *
   * await using server = await serve(store, { port: 0, auth: 'tokens' });
   * const grants = [parseGrant('shop=read,write,watch')];
   * const { token: own } = await server.tokens.create({ name: 'shop', grants });
   * const who = { app: 'shop', request: 'req-1', ttlMs: 60_000 };
   * const token = await mintWorkerToken(own, who);
   * await using ctx = await openRequest(server.url, { token, reclaimMs: 1000 });
   * await ctx.state.set('draft', 'Hello');
   * await ctx.end();
   */
  end(): Promise<void> {
    return this.#context.end();
  }

  /**
   * Gives all of the request's state its full `idleMs` anew: for a request that waits long, on a
   * person say. Costs a write per entry.
   *
   * @example
   * import { mintWorkerToken, openRequest } from 'holdfast/client';
   * import { parseGrant, serve } from 'holdfast/server';
   *
   * await using server = await serve(store, { port: 0, auth: 'tokens' });
   * const grants = [parseGrant('shop=read,write,watch')];
   * const { token: own } = await server.tokens.create({ name: 'shop', grants });
   * const who = { app: 'shop', request: 'req-1', ttlMs: 60_000 };
   * const token = await mintWorkerToken(own, who);
   * await using ctx = await openRequest(server.url, { token, idleMs: 3_600_000 });
   * await ctx.state.set('draft', 'Hello');
   * await ctx.renew();
   * await ctx.state.get('draft'); // => 'Hello'
   */
  renew(): Promise<void> {
    return this.#context.renew();
  }

  /**
   * Lets go of the server. The request goes on, and its state is there for whoever opens it next.
   *
   * @example
   * import { mintWorkerToken, openRequest } from 'holdfast/client';
   * import { parseGrant, serve } from 'holdfast/server';
   *
   * await using server = await serve(store, { port: 0, auth: 'tokens' });
   * const grants = [parseGrant('shop=read,write,watch')];
   * const { token: own } = await server.tokens.create({ name: 'shop', grants });
   * const who = { app: 'shop', request: 'req-1', ttlMs: 60_000 };
   * const token = await mintWorkerToken(own, who);
   * const ctx = await openRequest(server.url, { token });
   * await ctx.state.set('draft', 'Hello');
   * await ctx.close();
   * await using later = await openRequest(server.url, { token });
   * await later.state.get('draft'); // => 'Hello'
   */
  close(): Promise<void> {
    return this.#store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Connects a worker to the context of its request. Which request and app that is stands in the
 * token; the server computes where their state lies, and nothing that the worker says leads
 * elsewhere.
 *
 * Throws `invalid_argument` for a token of another kind, and what `open` throws.
 *
 * @example
 * import { mintWorkerToken, openRequest } from 'holdfast/client';
 * import { parseGrant, serve } from 'holdfast/server';
 *
 * await using server = await serve(store, { port: 0, auth: 'tokens' });
 * const grants = [parseGrant('shop=read,write,watch')];
 * const { token: own } = await server.tokens.create({ name: 'shop', grants });
 * const who = { app: 'shop', request: 'req-1', ttlMs: 60_000 };
 * const token = await mintWorkerToken(own, who);
 * await using ctx = await openRequest(server.url, { token });
 * await ctx.state.set('draft', 'Hello');
 * await store.app('shop').request('req-1').state.get('draft'); // => 'Hello'
 */
export async function openRequest(
  url: string,
  options: ServedRequestOptions,
): Promise<ServedRequest> {
  const { reclaimMs, idleMs, ...client } = options;
  const app = appOf(options.token);
  const store = await open(url, client);
  try {
    const { host } = store.app(app);
    return new ServedRequest(store, RequestContext.served(host, { reclaimMs, idleMs }));
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What the token says of itself; whether it is true the server judges. */
function appOf(token: string): string {
  try {
    const [, payload = ''] = token.split('.');
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const { app, grants } = JSON.parse(text) as { app?: unknown; grants?: unknown };
    if (typeof app === 'string' && grants === undefined) return app;
  } catch {
    // No worker's token at all.
  }
  const text = 'not the token of a request: `mintWorkerToken` makes one if it is given no grants';
  throw new HoldfastError('invalid_argument', text);
}
