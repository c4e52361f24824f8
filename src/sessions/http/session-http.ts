/**
 * Sessions over HTTP: a function from `Request` to `Response`, for whichever server.
 *
 * | | |
 * |---|---|
 * | `POST …/sessions/NAME/turns` | `{id, agent, input?, metadata?, base?}`: runs a turn |
 * | `GET …/sessions/NAME` | the head |
 * | `GET …/sessions/NAME/entries?prefix=P` | entries of a structured session |
 * | `GET …/sessions/NAME/follow` | an event stream of the turns as they are committed |
 * | `GET …/sessions?prefix=P` | the names of sessions |
 *
 * Whoever accepts `text/event-stream` is sent the events of a turn as they come, and `done`,
 * `conflict` or `error` in the end. A follower that comes back with `Last-Event-ID` misses nothing.
 *
 * Not here: who may do what.
 */
import { errorTable, HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { Ledger, Position } from '../../ledger/index.ts';
import { Session, sessionNames } from '../../layers/sessions/index.ts';
import type { SessionHost, TurnRequest } from '../../layers/sessions/index.ts';
import { eventStream, streamed } from './event-stream.ts';

export interface SessionHttpParts {
  readonly app: { readonly ledger: Ledger };
  readonly host: SessionHost;
  /** Where the routes begin. Default `/sessions`. */
  readonly path?: string | undefined;
  /** Throws if whoever asks may not send turns to the session. What is read, `app` judges. */
  readonly mayTurn?: ((session: string) => void) | undefined;
}

const namesMax = 1000;
const routes = /^(?:\/([^/]+)(?:\/(turns|entries|follow))?)?\/?$/;

/**
 * Answers a request; undefined where the path is none of these. Errors are answered as `{error}`
 * with the status of their code; it does not throw.
 *
 * @example
 * import { sessionHttp } from 'holdfast/sessions';
 *
 * const request = new Request('http://localhost/sessions/s/turns', {
 *   method: 'POST',
 *   body: JSON.stringify({ id: '1', agent: 'notes', input: 'hello' }),
 * });
 * const response = await sessionHttp({ app, host }, request);
 * await response?.json(); // => { kind: 'done', version: 1, output: 1 }
 * const elsewhere = await sessionHttp({ app, host }, new Request('http://localhost/other'));
 * elsewhere; // => undefined
 */
export async function sessionHttp(
  parts: SessionHttpParts,
  request: Request,
): Promise<Response | undefined> {
  try {
    return await sessionResponse(parts, request);
  } catch (error) {
    const { status, body } = shown(error);
    return Response.json(body, { status });
  }
}

/** The same, but errors are thrown. */
export async function sessionResponse(
  { app, host, path = '/sessions', mayTurn }: SessionHttpParts,
  request: Request,
): Promise<Response | undefined> {
  const url = new URL(request.url);
  const rest = url.pathname.startsWith(path) ? url.pathname.slice(path.length) : undefined;
  const match = rest === undefined ? null : routes.exec(rest);
  if (match === null) return undefined;
  const name = nameOf(match[1] ?? '');
  const session = new Session(app.ledger, name);
  const route = `${request.method} ${match[2] ?? (name === '' ? 'list' : 'head')}`;
  const prefix = url.searchParams.get('prefix') ?? '';
  switch (route) {
    case 'POST turns':
      mayTurn?.(name);
      return turn(host, name, request);
    case 'GET head':
      return head(session);
    case 'GET entries':
      return Response.json(Object.fromEntries(await all(session.entries(prefix))));
    case 'GET follow':
      return follow(session, request);
    case 'GET list':
      return Response.json(await all(sessionNames(app, prefix), namesMax));
    default:
      return new Response(undefined, { status: 405 });
  }
}

function nameOf(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    const text = 'the name of the session is not well encoded';
    throw new HoldfastError('invalid_argument', text, { cause });
  }
}

async function turn(host: SessionHost, session: string, request: Request): Promise<Response> {
  const body = await bodyOf(request);
  const { id, agent, input, metadata, base } = body as unknown as TurnRequest;
  const { signal } = request;
  const asked = { session, id, agent, input, metadata, base, signal };
  if (!wantsStream(request)) return Response.json(await host.turn(asked));
  return eventStream(async function* () {
    const events = streamed((send) => host.turn({ ...asked, onEvent: send }));
    try {
      for await (const event of events) {
        if (event.kind === 'item') yield { event: 'event', data: event.item };
        else yield { event: event.result.kind, data: event.result };
      }
    } catch (error) {
      yield { event: 'error', data: shown(error).body };
    }
  });
}

async function head(session: Session): Promise<Response> {
  const found = await session.head();
  if (found !== undefined) return Response.json(found);
  return Response.json({ message: `there is no session '${session.name}'` }, { status: 404 });
}

function follow(session: Session, request: Request): Response {
  const { signal, headers } = request;
  const after = positionOf(headers.get('last-event-id'));
  return eventStream(async function* () {
    try {
      for await (const step of session.follow({ after, signal })) {
        const { incarnation, revision } = step.position;
        yield { id: `${incarnation}:${revision}`, event: 'turn', data: step };
      }
    } catch (error) {
      yield { event: 'error', data: shown(error).body };
    }
  });
}

function positionOf(text: string | null): Position | undefined {
  if (text === null || text === '') return undefined;
  const match = /^(?<incarnation>.*):(?<revision>\d{1,15})$/.exec(text);
  const { incarnation, revision } = match?.groups ?? {};
  if (incarnation !== undefined) return { incarnation, revision: Number(revision) };
  throw new HoldfastError('invalid_argument', 'Last-Event-ID names no position of a session');
}

async function bodyOf(request: Request): Promise<Record<string, unknown>> {
  let body: unknown;
  try {
    body = await request.json();
  } catch (cause) {
    throw new HoldfastError('invalid_argument', 'the body is no JSON', { cause });
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    return body as Record<string, unknown>;
  }
  throw new HoldfastError('invalid_argument', 'the body of a turn is a JSON object');
}

function wantsStream(request: Request): boolean {
  return request.headers.get('accept')?.includes('text/event-stream') === true;
}

async function all<T>(items: AsyncIterable<T>, most = Infinity): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
    if (found.length >= most) break;
  }
  return found;
}

function shown(error: unknown): { status: number; body: unknown } {
  if (isHoldfastError(error)) {
    return { status: errorTable[error.code].status, body: { error: error.toJSON() } };
  }
  return shown(new HoldfastError('internal', 'the turn failed within Holdfast'));
}
