/**
 * The Model Context Protocol over HTTP: `/mcp/{app}`, and `/mcp` for the app `default`. Whatever a
 * tool or a resource does, it does with the rights of the request's token.
 *
 * Like extensions it is not in the OpenAPI document: what it takes and gives is the protocol's.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../internal/clock.ts';
import type { Random } from '../../../internal/random.ts';
import type { McpDoor } from '../../../mcp/index.ts';
import { forbidden } from '../../auth/principal.ts';
import type { McpTerms } from '../../options.ts';
import type { HttpCall } from '../http-call.ts';
import type { Route } from '../route.ts';
import { queries } from '../wire/schemas.ts';

export interface McpRouteParts {
  /** Aborts when streams must end. */
  readonly going: AbortSignal;
  /** Counts a stream or a session; what it returns is called at its end. */
  enter(call: HttpCall): () => void;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

const defaultApp = 'default';

export function mcpRoutes(terms: McpTerms | false, parts: McpRouteParts): readonly Route[] {
  if (terms === false) return [];
  let door: Promise<McpDoor> | undefined;
  const handle = async (call: HttpCall, app: string): Promise<Response> => {
    if (!call.principal.mayEnter(app)) throw forbidden('read', app);
    door ??= opened(terms, parts);
    return answered(await door, call, app, { ...parts, readOnly: terms.readOnly });
  };
  return (['get', 'post', 'delete'] as const).flatMap((method): Route[] => {
    const shape = { method, id: 'mcp', summary: 'MCP', query: queries.none, answers: {} };
    return [
      { ...shape, path: '/mcp', handle: (call) => handle(call, defaultApp) },
      { ...shape, path: '/mcp/{app}', handle: (call) => handle(call, call.name('app')) },
    ];
  });
}

/** Loaded with the first request: a server that nobody asks for it does not wait for it. */
async function opened(terms: McpTerms, parts: McpRouteParts): Promise<McpDoor> {
  const { mcpDoor } = await import('../../../mcp/index.ts');
  const { clock, random, going, onError } = parts;
  const { sessionsMax, sessionIdleMs } = terms;
  const door = mcpDoor({ sessionsMax, sessionIdleMs, clock, random, onError });
  going.addEventListener('abort', () => door.close(), { once: true });
  return door;
}

interface AnswerParts extends McpRouteParts {
  readonly readOnly: boolean | undefined;
}

async function answered(
  door: McpDoor,
  call: HttpCall,
  app: string,
  { going, enter, version, readOnly }: AnswerParts,
): Promise<Response> {
  const { principal, request } = call;
  const { url, method, headers } = request;
  const body = method === 'POST' ? Buffer.from(await call.bytes()) : null;
  const ended = AbortSignal.any([going, principal.ended]);
  const signal = AbortSignal.any([request.signal, ended]);
  // Two tokens are two callers, also if they are workers' of one parent.
  const token = createHash('sha256')
    .update(call.header('authorization') ?? '')
    .digest('hex');
  return door.fetch(new Request(url, { method, headers, body, signal }), {
    id: `${app}:${token}`,
    ledger: call.ledgerOf(app),
    options: { readOnly, version },
    enter: () => enter(call),
    ended,
  });
}
