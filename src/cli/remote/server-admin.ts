/**
 * What a server does for those who administer it, over HTTP: tokens, checkups.
 *
 * What it refuses is thrown with the server's own code and words; a server that does not answer is
 * `unavailable`.
 */
import { errorTable, HoldfastError } from '../../errors/index.ts';
import type { ErrorCode } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandEnd } from '../failure.ts';
import { linesOf } from '../transfer/lines.ts';
import type { StorePlace } from '../store.ts';

export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/** Longest wait for an answer to begin. */
const timeoutMs = 30_000;

export class ServerAdmin {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #signal: AbortSignal;

  constructor({ url, token }: StorePlace, signal: AbortSignal) {
    const { protocol, host, pathname } = new URL(url);
    const scheme = protocol === 'https:' || protocol === 'wss:' ? 'https:' : 'http:';
    this.#base = `${scheme}//${host}${pathname.replace(/\/+$/, '')}`;
    this.#token = token;
    this.#signal = signal;
  }

  async ask(request: AdminRequest): Promise<unknown> {
    const response = await this.#send(request);
    return response.json();
  }

  /** The lines of an answer that comes bit by bit, each parsed. */
  async *lines(request: AdminRequest): AsyncGenerator {
    const { body } = await this.#send(request);
    if (body === null) return;
    try {
      for await (const { text } of linesOf(body)) if (text !== '') yield JSON.parse(text);
    } catch (error) {
      this.#signal.throwIfAborted();
      const message = 'the connection to the server was lost before its answer was whole';
      throw new HoldfastError('unavailable', message, { cause: error });
    }
  }

  async #send({ method, path, body }: AdminRequest): Promise<Response> {
    const late = new AbortController();
    const timer = systemClock.after(timeoutMs, () => late.abort());
    let response: Response;
    try {
      response = await fetch(`${this.#base}${path}`, {
        method,
        signal: AbortSignal.any([late.signal, this.#signal]),
        headers: {
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw unreachable(this.#base, cause);
    } finally {
      timer.cancel();
    }
    if (response.ok) return response;
    throw await refusalOf(response);
  }
}

async function refusalOf(response: Response): Promise<Error> {
  const problem = (await response.json().catch(() => undefined)) as
    | { code?: unknown; detail?: unknown; details?: Record<string, unknown> }
    | undefined;
  const { code, detail, details } = problem ?? {};
  const message = typeof detail === 'string' ? detail : `the server answered ${response.status}`;
  if (typeof code === 'string' && Object.hasOwn(errorTable, code)) {
    return new HoldfastError(code as ErrorCode, message, { details: details ?? {} });
  }
  const exitCode = response.status === 404 ? exitCodes.notFound : exitCodes.failure;
  return new CommandEnd(typeof code === 'string' ? code : 'failure', exitCode, message);
}

function unreachable(base: string, cause: unknown): HoldfastError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const why = inner instanceof Error ? inner.message : String(inner);
  const message = `there is no answer from ${base}: ${why}`;
  return new HoldfastError('unavailable', message, { cause, details: { url: base } });
}
