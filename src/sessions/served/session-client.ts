/**
 * Sessions of a Holdfast server, from the other end of its WebSocket: sending turns, being a
 * worker.
 *
 * `source` is what a store that was opened by URL has as `store.source`; name the extension
 * (`extensionName`) among the client's when opening it.
 */
import { errorTable, HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { ErrorCode, ErrorDetails, Outcome } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import type {
  SessionWorker,
  TurnEvent,
  TurnOutcome,
  TurnRequest,
} from '../../layers/sessions/index.ts';
import type { Channel } from '../../protocol/index.ts';
import { channelLink } from './channel-link.ts';
import { extensionName } from './sessions-extension.ts';

/** A remote store's connection. */
export interface ChannelSource {
  channel(app: string, extension: string, args?: unknown): Promise<Channel>;
}

interface OpenCall {
  onEvent(event: TurnEvent): void;
  resolve(outcome: TurnOutcome): void;
  reject(error: unknown): void;
}

/** Sends turns to the sessions of one app, all over one channel that is opened when needed. */
export class SessionClient implements AsyncDisposable {
  readonly #source: ChannelSource;
  readonly #app: string;
  #channel: Promise<Channel> | undefined;
  readonly #calls = new Map<number, OpenCall>();
  #lastCall = 0;

  constructor(source: ChannelSource, app: string) {
    this.#source = source;
    this.#app = app;
  }

  /**
   * Like `SessionHost.turn`. If the connection is lost meanwhile it throws `outcome_unknown`: ask
   * again under the same id, the turn is applied once. Throws `unsupported` if the server has no
   * sessions, `forbidden` without the right to write in the scope that is named like the session.
   *
   * @example
   * import { open } from 'holdfast/client';
   * import { serve } from 'holdfast/server';
   * import { extensionName, SessionClient, sessionsExtension } from 'holdfast/sessions';
   *
   * const extensions = [sessionsExtension(() => host)];
   * await using server = await serve(store, { port: 0, extensions });
   * await using remote = await open(server.url, { extensions: [extensionName] });
   * await using client = new SessionClient(remote.source, 'example');
   * const outcome = await client.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * outcome; // => { kind: 'done', version: 1, output: 1 }
   */
  async turn({ signal, onEvent, ...request }: TurnRequest): Promise<TurnOutcome> {
    const channel = await this.#open();
    this.#lastCall += 1;
    const call = this.#lastCall;
    const cancel = (): void => {
      channel.send({ body: { call, cancel: true } }).catch(() => undefined);
    };
    signal?.addEventListener('abort', cancel);
    try {
      return await new Promise<TurnOutcome>((resolve, reject) => {
        this.#calls.set(call, { onEvent: onEvent ?? (() => undefined), resolve, reject });
        channel.send({ body: { call, request } }).catch(reject);
        if (signal?.aborted === true) cancel();
      });
    } finally {
      this.#calls.delete(call);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /**
   * Ends its channel: turns under way are given up, as far as they can be. The connection stays,
   * and the next turn opens another.
   *
   * @example
   * import { open } from 'holdfast/client';
   * import { serve } from 'holdfast/server';
   * import { extensionName, SessionClient, sessionsExtension } from 'holdfast/sessions';
   *
   * const extensions = [sessionsExtension(() => host)];
   * await using server = await serve(store, { port: 0, extensions });
   * await using remote = await open(server.url, { extensions: [extensionName] });
   * const client = new SessionClient(remote.source, 'example');
   * await client.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * await client.close();
   */
  async close(): Promise<void> {
    const channel = await this.#channel?.catch(() => undefined);
    channel?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): Promise<Channel> {
    this.#channel ??= this.#connect();
    return this.#channel;
  }

  async #connect(): Promise<Channel> {
    try {
      const channel = await this.#source.channel(this.#app, extensionName, { role: 'caller' });
      void this.#read(channel);
      return channel;
    } catch (error) {
      this.#channel = undefined;
      throw error;
    }
  }

  async #read(channel: Channel): Promise<void> {
    let cause: unknown;
    try {
      for await (const { body } of channel) this.#answer(body as Answer);
    } catch (error) {
      cause = error;
    }
    this.#channel = undefined;
    const text = 'the connection was lost during the turn; ask again under the same id';
    const lost = new HoldfastError('outcome_unknown', text, { cause });
    for (const { reject } of this.#calls.values()) reject(lost);
  }

  #answer({ call, event, outcome, error }: Answer): void {
    const open = this.#calls.get(call);
    if (event !== undefined) open?.onEvent(event);
    if (outcome !== undefined) open?.resolve(outcome);
    if (error !== undefined) open?.reject(errorOf(error));
  }
}

interface Answer {
  readonly call: number;
  readonly event?: TurnEvent;
  readonly outcome?: TurnOutcome;
  readonly error?: ShownError;
}

interface ShownError {
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly outcome: Outcome;
}

function errorOf({ code, message, details, outcome }: ShownError): HoldfastError {
  const known = Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'internal';
  return new HoldfastError(known, message, { details, outcome });
}

export interface HireOptions {
  /** Told of attempts that failed; another follows. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly clock?: Clock | undefined;
}

const retryMs = 200;

/**
 * Has a worker serve the sessions of an app of a server. Resolves once it was drained or closed, or
 * the store was, and opens a channel anew whenever one is lost until then. What fails is told to
 * `onError` alone: also that the server knows no sessions, or that the token may not read and write
 * in all the app.
 *
 * @example
 * import { open } from 'holdfast/client';
 * import { serve } from 'holdfast/server';
 * import { extensionName, serveApp, SessionHosts, SessionWorker } from 'holdfast/sessions';
 * import { structuredAgent } from 'holdfast/sessions';
 *
 * await using hosts = new SessionHosts(store);
 * await using server = await serve(store, { port: 0, extensions: [hosts.extension] });
 * await using remote = await open(server.url, { extensions: [extensionName] });
 * const echo = structuredAgent<string, string>(({ input }) => input);
 * using worker = new SessionWorker({ agents: { echo } });
 * void serveApp(worker, remote.source, 'shop');
 * const request = { session: 's', id: '1', agent: 'echo', input: 'hello' };
 * await hosts.of('shop').turn(request); // => { kind: 'done', output: 'hello' }
 */
export async function serveApp(
  worker: SessionWorker,
  source: ChannelSource,
  app: string,
  options: HireOptions = {},
): Promise<void> {
  const { clock = systemClock, onError } = options;
  while (!worker.isLeaving) {
    try {
      const channel = await source.channel(app, extensionName, { role: 'worker' });
      const error = await worker.serve(channelLink(channel));
      if (error !== undefined) onError?.(error);
    } catch (error) {
      if (isHoldfastError(error, 'closed')) return;
      onError?.(error);
    }
    if (!worker.isLeaving) await clock.sleep(retryMs);
  }
}
