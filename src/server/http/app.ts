/** The HTTP side of a server: every request passes here, is judged, counted and answered. */
import { Hono } from 'hono';
import type { Clock } from '../../internal/clock.ts';
import type { Ledgers } from '../../ledger/index.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Usage } from '../limits/usage.ts';
import type { Observer } from '../observe/observer.ts';
import type { ServeOptions } from '../options.ts';
import type { OriginTerms } from './origin-check.ts';

export interface HttpParts {
  readonly ledgers: Ledgers;
  readonly authenticator: Authenticator;
  readonly usage: Usage;
  readonly observer: Observer;
  readonly origin: OriginTerms;
  readonly clock: Clock;
  readonly state: { readonly isReady: boolean };
  readonly options: ServeOptions;
}

export interface HttpApp {
  fetch(request: Request): Promise<Response>;
  /** Ends what would go on for ever: event streams. */
  endStreams(): void;
  /** Resolves when every request is answered. */
  idle(): Promise<void>;
}

export function httpApp(parts: HttpParts): HttpApp {
  const app = new Hono();
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', (context) =>
    context.json(
      { status: parts.state.isReady ? 'ready' : 'draining' },
      parts.state.isReady ? 200 : 503,
    ),
  );
  return {
    fetch: async (request) => app.fetch(request),
    endStreams: () => undefined,
    idle: () => Promise.resolve(),
  };
}
