/** The HTTP side of a server: every request is judged, counted, answered and told of here. */
import { Hono } from 'hono';
import { HoldfastError } from '../../errors/index.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Random } from '../../internal/random.ts';
import type { Ledgers } from '../../ledger/index.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { forbidden } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import { TokenAdministration } from '../auth/token-administration.ts';
import type { TokenStore } from '../auth/token-store.ts';
import type { McpTerms } from '../options.ts';
import { guardedDirectory } from '../guard/guarded-directory.ts';
import { servedLedger } from '../guard/served-ledger.ts';
import type { Usage } from '../limits/usage.ts';
import type { Observer } from '../observe/observer.ts';
import { HttpCall, jsonResponse } from './http-call.ts';
import { openApiDocument } from './openapi.ts';
import type { ServerExtension } from '../socket/extension.ts';
import { extensionRoutes } from './routes/extensions.ts';
import type { Route } from './route.ts';
import { route } from './route.ts';
import { checkupRoutes } from './routes/checkups.ts';
import { commitRoutes } from './routes/commits.ts';
import { entryRoutes } from './routes/entries.ts';
import { logRoutes } from './routes/log.ts';
import { mcpRoutes } from './routes/mcp.ts';
import { scopeRoutes } from './routes/scopes.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { corsHeaders, isPreflight, preflight } from './wire/cors.ts';
import { checkOrigin } from './wire/origin-check.ts';
import type { OriginTerms } from './wire/origin-check.ts';
import { problem, problemOf } from './wire/problem.ts';
import { answers, queries } from './wire/schemas.ts';

export interface HttpParts {
  readonly ledgers: Ledgers;
  readonly authenticator: Authenticator;
  readonly tokens: TokenStore;
  readonly usage: Usage;
  readonly observer: Observer;
  readonly origin: OriginTerms;
  readonly clock: Clock;
  readonly random: Random;
  readonly state: { readonly isReady: boolean };
  readonly version: string;
  /** In place of this process's own metrics. */
  readonly metrics: (() => Promise<string>) | undefined;
  readonly extensions: readonly ServerExtension[];
  readonly mcp: McpTerms | false;
}

export class HttpApp {
  readonly #parts: HttpParts;
  readonly #hono = new Hono();
  readonly #going = new AbortController();
  #document: string | undefined;
  readonly #ids = new WeakMap<Request, string>();
  #open = 0;
  #onIdle: () => void = () => undefined;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    const routes = this.#routes();
    const paths = new Map<string, string[]>();
    const streams = this.#streams();
    const extended = extensionRoutes(parts.extensions, streams);
    const onError = (error: unknown): void => parts.observer.failed(error);
    const mcp = mcpRoutes(parts.mcp, { ...parts, ...streams, onError });
    for (const one of [...routes, ...extended, ...mcp]) {
      const pattern = one.path.replaceAll(/\{(\w+)\}/g, ':$1');
      this.#hono.on(one.method.toUpperCase(), pattern, ({ req }) => this.#answer(one, req.raw));
      paths.set(pattern, [...(paths.get(pattern) ?? []), one.method.toUpperCase()]);
    }
    for (const [pattern, methods] of paths) {
      const allow = methods.join(', ');
      this.#hono.all(pattern, () =>
        problem('method_not_allowed', `the route takes ${allow}`, {}, { allow }),
      );
    }
    this.#hono.notFound(() => problem('not_found', 'there is no such route; see /openapi.json'));
    this.#hono.onError((error) => this.#failed(error));
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    this.#open += 1;
    try {
      return await this.#judged(request);
    } finally {
      this.#open -= 1;
      if (this.#open === 0) this.#onIdle();
    }
  };

  /** Ends what would go on for ever: event streams. */
  endStreams(): void {
    this.#going.abort();
  }

  /** Resolves when no request waits for its answer. */
  idle(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  async #judged(request: Request): Promise<Response> {
    const { origin, random } = this.#parts;
    const given = request.headers.get('x-request-id') ?? '';
    const requestId = /^[\w.-]{1,64}$/.test(given) ? given : random.hex(8);
    this.#ids.set(request, requestId);
    let response: Response;
    try {
      const host = request.headers.get('host') ?? undefined;
      const page = request.headers.get('origin') ?? undefined;
      checkOrigin({ host, origin: page }, origin);
      response = isPreflight(request) ? preflight() : await this.#hono.fetch(request);
    } catch (error) {
      response = this.#failed(error);
    }
    const headers = new Headers(response.headers);
    headers.set('x-request-id', requestId);
    headers.set('x-content-type-options', 'nosniff');
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
    for (const [name, value] of corsHeaders(request, origin.origins)) headers.set(name, value);
    return new Response(response.body, { status: response.status, headers });
  }

  async #answer(one: Route, request: Request): Promise<Response> {
    const { clock, observer } = this.#parts;
    const startedAt = clock.monotonic();
    let principal = this.#parts.authenticator.nobody;
    let response: Response;
    try {
      if (one.isPublic !== true) {
        principal = await this.#parts.authenticator.authenticate(bearer(request));
      }
      response = await this.#handled(one, request, principal);
    } catch (error) {
      response = this.#failed(error);
    }
    observer.requested({
      requestId: this.#ids.get(request) ?? '',
      token: principal.id,
      method: one.method.toUpperCase(),
      route: one.path,
      status: response.status,
      seconds: (clock.monotonic() - startedAt) / 1000,
    });
    return response;
  }

  async #handled(one: Route, request: Request, principal: Principal): Promise<Response> {
    const { ledgers, usage, observer } = this.#parts;
    const bytes = Number(request.headers.get('content-length') ?? 0);
    const retryAfterMs = usage.charge(principal, 1, Number.isFinite(bytes) ? bytes : 0);
    if (retryAfterMs > 0 && one.isPublic !== true) {
      observer.socket.limited();
      const message = 'the token’s share is used up for the moment';
      throw new HoldfastError('rate_limited', message, { details: { retryAfterMs } });
    }
    const gate = {
      claim: () => Promise.reject(new HoldfastError('forbidden', 'no heartbeats over HTTP')),
    };
    const call = new HttpCall({
      request,
      path: one.path,
      principal,
      ledger: (app) => observer.observed(servedLedger(ledgers, app, principal, gate)),
    });
    return one.handle(call);
  }

  #failed(error: unknown): Response {
    const response = problemOf(error);
    if (response.status === 500) this.#parts.observer.failed(error);
    return response;
  }

  #routes(): readonly Route[] {
    const { ledgers, clock, tokens } = this.#parts;
    const streams = this.#streams();
    return [
      ...scopeRoutes((principal) => guardedDirectory(ledgers, principal)),
      ...entryRoutes,
      ...commitRoutes,
      ...logRoutes({ clock, ...streams }),
      ...checkupRoutes({ ledgers, clock, ...streams }),
      ...tokenRoutes(new TokenAdministration(tokens)),
      ...this.#ownRoutes(),
    ];
  }

  /** What a route needs to go on answering for as long as somebody reads. */
  #streams() {
    return {
      going: this.#going.signal,
      enter: ({ principal }: HttpCall) => this.#enterStream(principal),
    };
  }

  #enterStream(principal: Principal): () => void {
    const leave = this.#parts.usage.watch(principal);
    const kept = this.#parts.authenticator.keep(principal);
    return () => {
      kept.forget();
      leave();
    };
  }

  #ownRoutes(): readonly Route[] {
    const { state, observer, metrics } = this.#parts;
    const answer = { description: 'The state', schema: answers.status };
    const own = { method: 'get', query: queries.none } as const;
    return [
      route({
        ...own,
        path: '/healthz',
        id: 'isAlive',
        summary: 'Whether the process answers',
        isPublic: true,
        answers: { 200: answer },
        handle: async () => jsonResponse('{"status":"ok"}'),
      }),
      route({
        ...own,
        path: '/readyz',
        id: 'isReady',
        summary: 'Whether it takes requests: 503 while it drains or its store cannot be read',
        isPublic: true,
        answers: { 200: answer, 503: answer },
        handle: () => this.#readiness(state.isReady),
      }),
      route({
        ...own,
        path: '/openapi.json',
        id: 'getOpenApi',
        summary: 'This document',
        isPublic: true,
        answers: { 200: { description: 'OpenAPI 3.1', contentType: 'application/json' } },
        handle: async () => jsonResponse(this.#openApi()),
      }),
      route({
        ...own,
        path: '/metrics',
        id: 'getMetrics',
        summary: 'Metrics in the format of Prometheus; needs admin of all apps',
        answers: { 200: { description: 'Metrics', contentType: 'text/plain' } },
        handle: async ({ principal }) => {
          if (!principal.allows('*', undefined, 'admin')) throw forbidden('admin', '*');
          const text = await (metrics?.() ?? observer.registry.metrics());
          const headers = { 'content-type': observer.registry.contentType };
          return new Response(text, { headers });
        },
      }),
    ];
  }

  /** Made when somebody asks: it takes longer than all the rest of a start. */
  #openApi(): string {
    this.#document ??= JSON.stringify(openApiDocument(this.#routes(), this.#parts.version));
    return this.#document;
  }

  async #readiness(isReady: boolean): Promise<Response> {
    if (!isReady) return jsonResponse('{"status":"draining"}', 503, { 'retry-after': '1' });
    try {
      await this.#parts.ledgers.system.head();
      return jsonResponse('{"status":"ready"}');
    } catch (error) {
      this.#parts.observer.failed(error);
      return jsonResponse('{"status":"unavailable"}', 503, { 'retry-after': '1' });
    }
  }
}

function bearer(request: Request): string | undefined {
  const header = request.headers.get('authorization');
  return header === null ? undefined : /^Bearer +(\S+) *$/i.exec(header)?.[1];
}
