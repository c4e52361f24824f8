/** What browsers are told, of pages that may call this server. Off unless origins are named. */

const allowed = 'GET, PUT, PATCH, POST, DELETE';
const sent =
  'authorization, content-type, if-match, if-none-match, idempotency-key, last-event-id, ' +
  'mcp-session-id, mcp-protocol-version, mcp-method, mcp-name';
const exposed =
  'etag, last-modified, holdfast-expires-at, retry-after, x-request-id, mcp-session-id';

export function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
}

/** The origin was judged before. */
export function preflight(): Response {
  const headers = {
    'access-control-allow-methods': allowed,
    'access-control-allow-headers': sent,
    'access-control-max-age': '600',
  };
  return new Response(null, { status: 204, headers });
}

export function corsHeaders(
  request: Request,
  origins: readonly string[],
): readonly (readonly [string, string])[] {
  const origin = request.headers.get('origin');
  if (origin === null || !origins.includes(origin)) return [];
  return [
    ['access-control-allow-origin', origin],
    ['access-control-expose-headers', exposed],
    ['vary', 'Origin'],
  ];
}
