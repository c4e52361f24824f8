/**
 * Who a connection or request belongs to, and what that one may do now.
 *
 * An extension is handed one. What goes through the ledger that it is handed too is judged already.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Cause } from '../../ledger/index.ts';
import { isCovered, isGranted } from './grant.ts';
import type { Grant, Right } from './grant.ts';

/** What one token may use of the server at a time. */
export interface TokenLimits {
  /** Requests a second, in the long run. */
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly connections: number;
  /** Watches, event streams and channels. */
  readonly watches: number;
  /** Of one message or request. */
  readonly payloadBytes: number;
}

export interface PrincipalParts {
  /** The token's id; empty where no token is asked for. */
  readonly id: string;
  readonly grants: readonly Grant[];
  /** A worker's own grants: it has what both give. */
  readonly within?: readonly Grant[] | undefined;
  /** Stamped on its commits; undefined: what the caller says. */
  readonly actor: string | undefined;
  /** Of a worker: the request that it works on. */
  readonly request?: string | undefined;
  /** The app whose context of that request is all that it sees. */
  readonly contextOf?: string | undefined;
  readonly expiresAt: number | undefined;
  readonly limits: TokenLimits;
}

export class Principal {
  readonly id: string;
  readonly actor: string | undefined;
  readonly request: string | undefined;
  readonly contextOf: string | undefined;
  readonly limits: TokenLimits;
  readonly expiresAt: number | undefined;
  readonly #grants: readonly Grant[];
  readonly #within: readonly Grant[] | undefined;
  readonly #ended = new AbortController();

  constructor(parts: PrincipalParts) {
    this.id = parts.id;
    this.actor = parts.actor;
    this.request = parts.request;
    this.contextOf = parts.contextOf;
    this.limits = parts.limits;
    this.expiresAt = parts.expiresAt;
    this.#grants = parts.grants;
    this.#within = parts.within;
  }

  /** Whether no token was asked for. */
  get isAnonymous(): boolean {
    return this.id === '';
  }

  /** Aborts when the token is revoked or has expired: for good. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Of the authenticator. @internal */
  end(reason: HoldfastError): void {
    this.#ended.abort(reason);
  }

  /** Throws `unauthenticated` once the token has ended. @internal */
  checkAlive(): void {
    if (this.#ended.signal.aborted) throw this.#ended.signal.reason;
  }

  /**
   * Whether it may, in a scope; `scope` undefined: in the whole app. Takes no time, asks nobody.
   *
   * @example
   * import { serve } from 'holdfast/server';
   * import type { ServerExtension } from 'holdfast/server';
   *
   * const extension: ServerExtension = {
   *   name: 'may/1',
   *   open: (channel) => channel.close(),
   *   http: {
   *     path: 'may-write',
   *     handle: async (_request, { app, principal }) =>
   *       Response.json(principal.allows(app, 'orders', 'write')),
   *   },
   * };
   * await using server = await serve(store, { port: 0, extensions: [extension] });
   * const response = await fetch(`${server.url}/v1/apps/shop/may-write`);
   * await response.json(); // => true
   */
  allows(app: string, scope: string | undefined, right: Right): boolean {
    if (!isGranted(this.#grants, app, scope, right)) return false;
    return this.#within === undefined || isGranted(this.#within, app, scope, right);
  }

  /** Whether it may do so in all places that the patterns name. A worker covers none. @internal */
  covers(app: string, scope: string, right: Right): boolean {
    return this.#isHolder && isCovered(this.#grants, app, scope, right);
  }

  /** Whether it has `admin` anywhere. A worker never has. @internal */
  get isAdministrator(): boolean {
    return this.#isHolder && this.#grants.some(({ rights }) => rights.includes('admin'));
  }

  get #isHolder(): boolean {
    return this.#within === undefined && this.request === undefined;
  }

  /**
   * Whether it may do anything at all in the app, in whichever scope; of `right` if one is named.
   *
   * @example
   * import { serve } from 'holdfast/server';
   * import type { ServerExtension } from 'holdfast/server';
   *
   * const extension: ServerExtension = {
   *   name: 'apps/1',
   *   open: (channel) => channel.close(),
   *   http: {
   *     path: 'other-apps',
   *     handle: async (_request, { principal }) =>
   *       Response.json(['shop', 'bank'].filter((app) => principal.mayEnter(app, 'read'))),
   *   },
   * };
   * await using server = await serve(store, { port: 0, extensions: [extension] });
   * const response = await fetch(`${server.url}/v1/apps/shop/other-apps`);
   * await response.json(); // => ['shop', 'bank']
   */
  mayEnter(app: string, right?: Right): boolean {
    const enters = (grants: readonly Grant[]): boolean =>
      grants.some((grant) =>
        isGranted([{ ...grant, scope: '*' }], app, undefined, right ?? grant.rights[0] ?? 'read'),
      );
    return enters(this.#grants) && (this.#within === undefined || enters(this.#within));
  }

  /**
   * Whether it may use what extensions add to an app: a worker of one request may not, and no
   * extension is asked then.
   *
   * @internal
   */
  mayExtend(app: string): boolean {
    return this.contextOf === undefined && this.mayEnter(app);
  }

  /** What a commit is stamped with, in place of what the caller says. @internal */
  causeFor(app: string, stated: Cause | undefined): Cause | undefined {
    if (this.isAnonymous) return stated;
    if (this.request !== undefined) return { kind: 'request', id: this.request };
    return this.allows(app, undefined, 'admin') ? stated : undefined;
  }
}

/** Whoever comes, where no token is asked for. */
export function anonymous(limits: TokenLimits): Principal {
  const everything = { app: '*', scope: '*', rights: ['read', 'write', 'watch', 'admin'] } as const;
  return new Principal({
    id: '',
    grants: [everything],
    actor: undefined,
    expiresAt: undefined,
    limits,
  });
}

export function forbidden(right: Right, app: string, scope?: string): HoldfastError {
  const where = scope === undefined ? `app '${app}'` : `scope '${scope}' of app '${app}'`;
  const message = `the token does not give the right to ${right} in ${where}`;
  const details = { right, app, ...(scope === undefined ? {} : { scope }) };
  return new HoldfastError('forbidden', message, { details });
}
