/**
 * Sessions on a Holdfast server: an extension of its WebSocket protocol.
 *
 * A channel is opened with `{role: 'worker'}` by a worker, which needs to read and write in the
 * whole app, or with `{role: 'caller'}` by an app that sends turns, which needs to write in the
 * scope that is named like the session. To follow and read sessions no extension is needed: they
 * are entries.
 *
 * Over HTTP the server answers `/v1/apps/APP/sessions…` as `sessionHttp` does, with the rights of
 * the token: `read` for what is read, `watch` to follow, `write` for turns.
 *
 * A caller sends `{call, request}`, as many at once as it likes, and `{call, cancel: true}` to give
 * one up. It is answered `{call, event}` any number of times, then `{call, outcome}` or
 * `{call, error}`.
 */
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { SessionHost, TurnRequest } from '../../layers/sessions/index.ts';
import type { Channel } from '../../protocol/index.ts';
import { sessionResponse } from '../http/session-http.ts';
import { channelLink } from './channel-link.ts';

export const extensionName = 'sessions/1';

/** What the server tells of a channel. */
export interface SessionChannel {
  readonly app: string;
  readonly args: unknown;
  readonly principal: {
    allows(app: string, scope: string | undefined, right: 'read' | 'write'): boolean;
  };
}

/** What the server tells of an HTTP request. */
export interface SessionRequest extends Omit<SessionChannel, 'args'> {
  /** With the rights of whoever asks. */
  readonly ledger: Ledger;
  readonly path: string;
}

export interface SessionsExtension {
  readonly name: string;
  open(channel: Channel, opened: SessionChannel): void;
  readonly http: {
    readonly path: string;
    handle(request: Request, opened: SessionRequest): Promise<Response | undefined>;
  };
}

/**
 * For `ServeOptions.extensions`. `hostOf` gives the host of an app, and may make it then: it is
 * called for every channel and request. `SessionHosts` is both in one.
 *
 * @example
 * import { serve } from 'holdfast/server';
 * import { sessionsExtension } from 'holdfast/sessions';
 *
 * const extensions = [sessionsExtension(() => host)];
 * await using server = await serve(store, { port: 0, extensions });
 * const response = await fetch(`${server.url}/v1/apps/example/sessions/s/turns`, {
 *   method: 'POST',
 *   headers: { 'content-type': 'application/json' },
 *   body: JSON.stringify({ id: '1', agent: 'notes', input: 'hello' }),
 * });
 * await response.json(); // => { kind: 'done', version: 1, output: 1 }
 */
export function sessionsExtension(hostOf: (app: string) => SessionHost): SessionsExtension {
  return {
    name: extensionName,
    open(channel, opened) {
      const { app, args, principal } = opened;
      const role = (args as { role?: unknown } | null)?.role;
      if (role === 'worker') {
        if (principal.allows(app, undefined, 'read') && principal.allows(app, undefined, 'write')) {
          return hostOf(app).attach(channelLink(channel));
        }
        throw forbidden(app, undefined);
      }
      if (role === 'caller') return void serveCaller(channel, opened, hostOf(app));
      const text = `a channel of ${extensionName} is for a worker or a caller`;
      throw new HoldfastError('protocol', text);
    },
    http: {
      path: 'sessions',
      handle(request, { app, ledger, principal, path }) {
        const mayTurn = (session: string): void => {
          if (!principal.allows(app, session, 'write')) throw forbidden(app, session);
        };
        return sessionResponse({ app: { ledger }, host: hostOf(app), path, mayTurn }, request);
      },
    },
  };
}

interface Call {
  readonly call: number;
  readonly request: TurnRequest | undefined;
}

async function serveCaller(
  channel: Channel,
  { app, principal }: SessionChannel,
  host: SessionHost,
): Promise<void> {
  const open = new Map<number, AbortController>();
  const send = (body: object): void => {
    // A channel that ended has nobody to tell.
    channel.send({ body }).catch(() => undefined);
  };
  async function run(call: number, request: TurnRequest): Promise<void> {
    const abort = new AbortController();
    open.set(call, abort);
    try {
      // What is no name is refused by the host.
      const session: unknown = request.session;
      if (typeof session === 'string' && !principal.allows(app, session, 'write')) {
        throw forbidden(app, session);
      }
      const onEvent = (event: unknown): void => send({ call, event });
      send({ call, outcome: await host.turn({ ...request, signal: abort.signal, onEvent }) });
    } catch (error) {
      const shown = isHoldfastError(error)
        ? error
        : new HoldfastError('internal', 'the turn failed within Holdfast');
      send({ call, error: shown.toJSON() });
    } finally {
      open.delete(call);
    }
  }
  try {
    for await (const { body } of channel) {
      const { call, request } = callOf(body);
      if (request === undefined) open.get(call)?.abort();
      else if (open.has(call)) throw new HoldfastError('protocol', `call ${call} is still open`);
      else void run(call, request);
    }
  } catch (error) {
    channel.close(isHoldfastError(error) ? error : undefined);
  }
  // A turn that is asked for again under its id is applied once: nothing is lost with the caller.
  for (const abort of open.values()) abort.abort();
}

function callOf(body: unknown): Call {
  const { call, request } = (body ?? {}) as { call?: unknown; request?: unknown };
  const isTurn = typeof request === 'object' && request !== null;
  if (Number.isSafeInteger(call) && (isTurn || request === undefined)) {
    return { call: call as number, request: request as TurnRequest | undefined };
  }
  throw new HoldfastError('protocol', 'a caller sends {call, request} or {call, cancel}');
}

function forbidden(app: string, session: string | undefined): HoldfastError {
  const where = session === undefined ? `all of app '${app}'` : `session '${session}' of '${app}'`;
  return new HoldfastError('forbidden', `the token does not allow it to read and write ${where}`, {
    details: { app, ...(session === undefined ? {} : { session }) },
  });
}
