/**
 * A WebSocket of the package `ws`, for programs on Node that have the server's half installed
 * anyway: a message passes fewer layers than in the WebSocket that is built into Node.
 *
 * Not part of `holdfast/client`, which browsers carry: only `open` of the whole package takes it.
 */
import { WebSocket } from 'ws';
import type { RawData } from 'ws';
import type { OpenSocket } from '../client/index.ts';
import { deepestMessage } from '../internal/deepest-message.ts';

const normalClosure = 1000;

export const openNodeSocket: OpenSocket = (url, subprotocol, events) => {
  const socket = new WebSocket(url, subprotocol, { perMessageDeflate: false });
  let problem = '';
  let isOver = false;
  const over = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    events.close(reason);
  };
  socket.on('open', () => events.open());
  socket.on('message', (data: RawData, isBinary) => {
    if (isBinary) events.message(bytesOf(data as Buffer));
    else socket.close(normalClosure, 'binary messages only');
  });
  socket.on('error', (error) => {
    problem = deepestMessage(error);
  });
  socket.on('close', (code, reason) => {
    over(reason.toString() || problem || `the connection was closed (${code})`);
  });
  return {
    send: (message) => socket.send(message),
    close() {
      socket.close(normalClosure);
      // The other side may be gone and never answer; nobody should wait for it.
      over('closed by this side');
    },
  };
};

/** Not as a `Buffer`, whose `slice` does not copy. */
function bytesOf({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
