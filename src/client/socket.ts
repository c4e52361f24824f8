/**
 * The platform's WebSocket as this client needs it: binary messages, and one word on how it ended.
 *
 * Node, Bun, Deno and browsers all have one; a program may hand in another (`openSocket`).
 */

/** What the client wants to be told. It calls none of these: whoever makes the socket does. */
export interface SocketEvents {
  open(): void;
  /** One whole binary message. */
  message(bytes: Uint8Array): void;
  /** Called once, whatever ended it. */
  close(reason: string): void;
}

export interface Socket {
  /** After `open`, before `close`. */
  send(message: Uint8Array): void;
  /** Ends it, and need not wait for the other side. */
  close(): void;
}

/**
 * Opens a WebSocket for the client. Must not call `events` before it returns.
 *
 * @example
 * import { open } from 'holdfast/client';
 * import type { OpenSocket } from 'holdfast/client';
 * import { serve } from 'holdfast/server';
 * import { WebSocket } from 'ws';
 *
 * const openSocket: OpenSocket = (url, subprotocol, events) => {
 *   const socket = new WebSocket(url, subprotocol, { headers: { 'x-proxy': 'key' } });
 *   socket.on('open', () => events.open());
 *   socket.on('message', (data: Buffer) => events.message(new Uint8Array(data)));
 *   socket.on('error', () => undefined);
 *   socket.on('close', (code) => events.close(`closed (${code})`));
 *   return { send: (message) => socket.send(message), close: () => socket.close() };
 * };
 * await using server = await serve(store, { port: 0 });
 * await using remote = await open(server.url, { openSocket });
 * await remote.scope('users').set('ada', 1);
 * await store.scope('users').get('ada'); // => 1
 */
export type OpenSocket = (url: string, subprotocol: string, events: SocketEvents) => Socket;

const normalClosure = 1000;

/**
 * Opens sockets of whatever makes WebSockets with the platform's interface.
 *
 * @internal
 */
export function socketOpener(make: (url: string, subprotocol: string) => WebSocket): OpenSocket {
  return (url, subprotocol, events) => attach(make(url, subprotocol), events);
}

export const openPlatformSocket = socketOpener((url, protocol) => new WebSocket(url, protocol));

function attach(socket: WebSocket, events: SocketEvents): Socket {
  let problem = '';
  let isOver = false;
  const over = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    events.close(reason);
  };
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => events.open());
  socket.addEventListener('message', (event) => {
    const data: unknown = event.data;
    if (data instanceof ArrayBuffer) events.message(new Uint8Array(data));
    else socket.close(normalClosure, 'binary messages only');
  });
  socket.addEventListener('error', (event: Event) => {
    problem = problemOf(event);
  });
  socket.addEventListener('close', ({ code, reason }: CloseEvent) => {
    over(reason || problem || `the connection was closed (${code})`);
  });
  return {
    send: (message) => socket.send(message),
    close() {
      socket.close(normalClosure);
      // The other side may be gone and never answer; nobody should wait for it.
      over('closed by this side');
    },
  };
}

/** Node says what went wrong, in the cause; browsers tell nobody. */
function problemOf(event: Event): string {
  let error: unknown = (event as { readonly error?: unknown }).error;
  let message = '';
  for (let depth = 0; depth < 5 && error instanceof Error; depth += 1) {
    const code = 'code' in error ? String(error.code) : '';
    message = error.message || code || message;
    error = error.cause;
  }
  return message;
}
