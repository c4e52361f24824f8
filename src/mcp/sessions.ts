/**
 * Sessions of the 2025 protocol over HTTP: what lets its clients subscribe to resources.
 *
 * E1. A session belongs to the owner that began it; to everybody else it is not there.
 * E2. A session ends when its client says so, when its owner may do no more, after it was idle, or
 *     when there are too many and it is the one idle longest. A client that comes back is told 404
 *     and begins another, as the protocol has it.
 *
 * They are kept in this process: where requests of a client reach several, serve without them.
 */
import {
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Clock, Timer } from '../internal/clock.ts';
import type { Random } from '../internal/random.ts';
import type { Ledger } from '../ledger/index.ts';
import { mcpServer } from './server.ts';
import type { McpOptions } from './server.ts';
import { streamed } from './streamed.ts';
import { acceptSubscriptions } from './subscriptions.ts';

export interface McpSessionsOptions {
  /** Sessions at once. */
  readonly max: number;
  /** How long a session may be without a request and without a listener. */
  readonly idleMs: number;
  readonly maxRequestBytes: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: Error) => void;
}

/** Whose request it is, and what that one is served. */
export interface SessionOwner {
  readonly ledger: Ledger;
  readonly options: McpOptions;
  /** Two owners are told apart by it. */
  readonly id: string;
  /**
   * Called when a session or a stream of subscriptions begins; what it returns, when that ends. It
   * may refuse by a throw.
   */
  readonly enter?: (() => () => void) | undefined;
  /** Ends them. */
  readonly ended?: AbortSignal | undefined;
}

interface Session {
  readonly owner: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly end: () => void;
  /** Open streams that listen. */
  listeners: number;
  idle: Timer;
}

const sessionIdBytes = 24;
const header = 'mcp-session-id';
/** Of the protocol's library. */
const requestBytesMax = 4 * 1024 * 1024;

export class McpSessions {
  readonly #options: McpSessionsOptions;
  /** By id, the one that was used last at the end. */
  readonly #sessions = new Map<string, Session>();

  constructor(options: McpSessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Answers what belongs to a session, or begins one. Undefined: the request does neither. */
  async fetch(request: Request, owner: SessionOwner): Promise<Response | undefined> {
    const id = request.headers.get(header);
    if (id !== null) return this.#answer(request, id, owner.id);
    const { max, maxRequestBytes = requestBytesMax } = this.#options;
    if (max === 0 || !(await begins(request, maxRequestBytes))) return undefined;
    return this.#begin(request, owner);
  }

  close(): void {
    for (const { end } of this.#sessions.values()) end();
  }

  async #answer(request: Request, id: string, owner: string): Promise<Response> {
    const session = this.#sessions.get(id);
    if (session === undefined || session.owner !== owner) return unknownSession();
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    this.#restart(session);
    const response = await session.transport.handleRequest(request);
    if (request.method === 'GET' && response.body !== null) return this.#heard(session, response);
    return response;
  }

  async #begin(request: Request, owner: SessionOwner): Promise<Response> {
    this.#makeRoom();
    const { clock, random, onError, maxRequestBytes } = this.#options;
    const leave = owner.enter?.();
    const stop = new AbortController();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => random.hex(sessionIdBytes),
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
      ...(maxRequestBytes !== undefined && { maxRequestBodySize: maxRequestBytes }),
    });
    const end = (): void => {
      if (stop.signal.aborted) return;
      stop.abort();
      session.idle.cancel();
      this.#sessions.delete(transport.sessionId ?? '');
      leave?.();
      server.close().catch(onError);
    };
    const session: Session = {
      owner: owner.id,
      transport,
      end,
      listeners: 0,
      idle: clock.after(this.#options.idleMs, end),
    };
    const server = mcpServer(owner.ledger, owner.options);
    acceptSubscriptions(server, owner.ledger, { clock, signal: stop.signal, onError });
    server.server.onclose = end;
    owner.ended?.addEventListener('abort', end, { once: true });
    await server.connect(transport);
    const response = await transport.handleRequest(request);
    // What was no proper beginning has made no session.
    if (transport.sessionId === undefined) end();
    return response;
  }

  #makeRoom(): void {
    if (this.#sessions.size < this.#options.max) return;
    const quiet = [...this.#sessions.values()].find(({ listeners }) => listeners === 0);
    (quiet ?? this.#sessions.values().next().value)?.end();
  }

  #restart(session: Session): void {
    session.idle.cancel();
    const isOpen = this.#sessions.get(session.transport.sessionId ?? '') === session;
    if (session.listeners > 0 || !isOpen) return;
    session.idle = this.#options.clock.after(this.#options.idleMs, session.end);
  }

  /** The same stream, which keeps the session from being idle. */
  #heard(session: Session, response: Response): Response {
    session.listeners += 1;
    session.idle.cancel();
    return streamed(response, () => {
      session.listeners -= 1;
      this.#restart(session);
    });
  }
}

/** Whether a request of the 2025 protocol is the first of a connection. Leaves its body unread. */
async function begins(request: Request, bytesMax: number): Promise<boolean> {
  if (request.method !== 'POST') return false;
  try {
    const message: unknown = JSON.parse(await textUpTo(bytesMax, request.clone().body));
    const isOne = typeof message === 'object' && message !== null && 'method' in message;
    // The 2026 protocol has no such method, and says so itself.
    return isOne && message.method === 'initialize' && (await isLegacyRequest(request, message));
  } catch {
    return false;
  }
}

/** Empty where there is more. */
async function textUpTo(bytesMax: number, body: Request['body']): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return '';
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function unknownSession(): Response {
  const error = { code: -32_001, message: 'there is no such session: initialize anew' };
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 404 });
}
