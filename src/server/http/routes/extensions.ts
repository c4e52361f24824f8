/**
 * What extensions answer over HTTP. Their routes are not in the OpenAPI document: what they take
 * and give is theirs to say.
 */
import { forbidden } from '../../auth/principal.ts';
import type { ExtensionHttp, ServerExtension } from '../../socket/extension.ts';
import type { HttpCall } from '../http-call.ts';
import type { Route } from '../route.ts';
import { problem } from '../wire/problem.ts';
import { queries } from '../wire/schemas.ts';

export interface ExtensionRouteParts {
  /** Aborts when streams must end. */
  readonly going: AbortSignal;
  /** Counts a stream; what it returns is called at its end. */
  enter(call: HttpCall): () => void;
}

export function extensionRoutes(
  extensions: readonly ServerExtension[],
  parts: ExtensionRouteParts,
): readonly Route[] {
  return extensions.flatMap(({ name, http }) => {
    if (http === undefined) return [];
    const base = `/v1/apps/{app}/${http.path}`;
    return [base, `${base}/{name}`, `${base}/{name}/{part}`].flatMap((path) =>
      (['get', 'post'] as const).map((method): Route => {
        return {
          method,
          path,
          id: name,
          summary: `Of the extension ${name}`,
          query: queries.none,
          answers: {},
          handle: (call) => handled(http, call, parts),
        };
      }),
    );
  });
}

async function handled(
  http: ExtensionHttp,
  call: HttpCall,
  { going, enter }: ExtensionRouteParts,
): Promise<Response> {
  const { principal, request } = call;
  const app = call.name('app');
  if (!principal.mayExtend(app)) throw forbidden('read', app);
  const { url, method, headers } = request;
  const signal = AbortSignal.any([request.signal, going, principal.ended]);
  const body = method === 'POST' ? Buffer.from(await call.bytes()) : null;
  const path = new URL(url).pathname.split('/').slice(0, 5).join('/');
  const opened = { app, ledger: call.ledger, principal, path };
  const wantsStream = headers.get('accept')?.includes('text/event-stream') === true;
  const leave = wantsStream ? enter(call) : () => undefined;
  try {
    const own = new Request(url, { method, headers, body, signal });
    const response = await http.handle(own, opened);
    if (response === undefined) return problem('not_found', 'the extension has no such route');
    return wantsStream ? left(response, signal, leave) : response;
  } catch (error) {
    leave();
    throw error;
  }
}

/** The same response, which calls `leave` once nobody reads it any more. */
function left(response: Response, signal: AbortSignal, leave: () => void): Response {
  signal.addEventListener('abort', leave, { once: true });
  if (response.body === null) {
    leave();
    return response;
  }
  const body = response.body.pipeThrough(new TransformStream({ flush: () => leave() }));
  return new Response(body, { status: response.status, headers: response.headers });
}
